// Reference kernels of Select, AddN and FakeQuant.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

// Strides over `out` for Select's condition: TF's old op takes a vector over the first dimension.
std::array<int64_t, Shape::kMaxRank> condition_strides(const Select& op, const Tensor& condition,
                                                       const Shape& out) {
  if (op.broadcast) return broadcast_strides(condition.shape(), out);
  std::array<int64_t, Shape::kMaxRank> strides{};
  if (condition.shape() == out) return strides_of(out);
  if (condition.rank() == 1 && out.rank() > 0) strides[0] = 1;
  return strides;
}

Shape select_shape(const Select& op, const Tensor& condition, const Tensor& a, const Tensor& b) {
  if (op.broadcast)
    return broadcast("Select", condition.shape(), broadcast("Select", a.shape(), b.shape()));
  const bool fits = condition.rank() == 0 || condition.shape() == a.shape() ||
                    (condition.rank() == 1 && a.rank() > 0 && condition.dim(0) == a.dim(0));
  if (!fits || a.shape() != b.shape())
    fail("Select",
         fmt::format("condition {}, {} and {}", condition.shape().str(), a.str(), b.str()));
  return a.shape();
}

// What min, max and the number of levels make of x, so that zero is one of the levels.
struct Quantiser {
  Quantiser(float min, float max, float low, float high) {
    scale = (max - min) / (high - low);
    const float zero = low - min / scale;
    float nudged = std::round(zero);
    if (zero < low) nudged = low;
    if (zero > high) nudged = high;
    lowest = (low - nudged) * scale;
    highest = (high - nudged) * scale;
    inverse = 1.0F / scale;
    zero_level = std::floor(-lowest * inverse + 0.5F);
  }
  float operator()(float x) const {
    const float clamped = std::max(std::min(x, highest), lowest);
    return std::floor((clamped - lowest) * inverse - zero_level + 0.5F) * scale;
  }
  float scale, lowest, highest, inverse, zero_level;
};

}  // namespace

void run(const Select& op, RunContext& context) {
  const Tensor& condition = context.input(0);
  const Tensor& a = context.input(1);
  const Tensor& b = context.input(2);
  if (condition.dtype() != DType::kBool || a.dtype() != b.dtype())
    fail("Select", fmt::format("{}, {} and {}", condition.str(), a.str(), b.str()));
  const Shape shape = select_shape(op, condition, a, b);
  const auto sc = condition_strides(op, condition, shape);
  const auto sa = broadcast_strides(a.shape(), shape);
  const auto sb = broadcast_strides(b.shape(), shape);
  Tensor& out = context.output(0, a.dtype(), shape);
  for_carrier("Select", a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < out.num_elements(); ++i) {
      int64_t rest = i;
      int64_t at_c = 0;
      int64_t at_a = 0;
      int64_t at_b = 0;
      for (size_t d = shape.size(); d-- > 0;) {
        const int64_t extent = shape[static_cast<int>(d)];
        const int64_t at = rest % extent;
        rest /= extent;
        at_c += at * sc[d];
        at_a += at * sa[d];
        at_b += at * sb[d];
      }
      put(out.data<T>()[i], condition.data<bool>()[at_c] ? a.data<T>()[at_a] : b.data<T>()[at_b]);
    }
  });
}

void run(const AddN&, RunContext& context) {
  const Tensor& first = context.input(0);
  for (size_t i = 1; i < context.num_inputs(); ++i)
    if (context.input(i).shape() != first.shape() || context.input(i).dtype() != first.dtype())
      fail("AddN",
           fmt::format("input {} is {}, the first is {}", i, context.input(i).str(), first.str()));
  Tensor& out = context.output(0, first.dtype(), first.shape());
  for_number("AddN", first.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
    for (int64_t k = 0; k < first.num_elements(); ++k) {
      auto sum = static_cast<Sum>(first.data<T>()[k]);
      for (size_t i = 1; i < context.num_inputs(); ++i)
        sum += static_cast<Sum>(context.input(i).data<T>()[k]);
      out.data<T>()[k] = static_cast<T>(sum);
    }
  });
}

void run(const FakeQuant& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& min = context.input(1);
  const Tensor& max = context.input(2);
  for (size_t i = 0; i < 3; ++i)
    if (context.input(i).dtype() != DType::kFloat32)
      fail_dtype("FakeQuant", context.input(i).dtype());
  const int64_t ranges = min.rank() == 0 ? 1 : min.num_elements();
  if (op.num_bits < 2 || op.num_bits > 16 || min.shape() != max.shape() || min.rank() > 1 ||
      (min.rank() == 1 && (x.rank() < 1 || x.shape().back() != ranges)))
    fail("FakeQuant",
         fmt::format("{} bits, min {}, max {}, x {}", op.num_bits, min.str(), max.str(), x.str()));
  Tensor& out = context.output(0, DType::kFloat32, x.shape());
  const float low = op.narrow_range ? 1.0F : 0.0F;
  const auto high = static_cast<float>((int64_t{1} << op.num_bits) - 1);
  for (int64_t r = 0; r < ranges; ++r) {
    const float lowest = min.data<float>()[r];
    const float highest = max.data<float>()[r];
    const bool none = lowest == 0 && highest == 0;
    const Quantiser quantise(lowest, highest, low, high);
    for (int64_t i = r; i < x.num_elements(); i += ranges)
      out.data<float>()[i] = none ? 0 : quantise(x.data<float>()[i]);
  }
}

}  // namespace thaw::ref
