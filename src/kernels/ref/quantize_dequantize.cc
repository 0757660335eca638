// Reference kernel of QuantizeDequantize, in TensorFlow's order of operations.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

// The levels of one range. One of its two sides decides the scale, so that zero stays zero and the
// other side is held too.
template <class T>
struct Levels {
  Levels(const QuantizeDequantize& op, int64_t bits, T low, T high) : lowest(low), highest(high) {
    const int64_t half = int64_t{1} << (bits - 1);
    const auto least = static_cast<T>(op.signed_input ? (op.narrow_range ? 1 - half : -half) : 0);
    const auto most = static_cast<T>(op.signed_input ? half - 1 : 2 * half - 1);
    constexpr T kNone = std::numeric_limits<T>::max();
    const T by_low = least * low > 0 ? least / low : kNone;
    const T by_high = most * high > 0 ? most / high : kNone;
    scale = std::min(by_low, by_high);
    if (by_low < by_high) {
      inverse = low / least;
      highest = most * inverse;
    } else {
      inverse = high / most;
      lowest = least * inverse;
    }
  }
  T lowest, highest, scale, inverse;
};

// Elements of one range: `rows` runs of `count`, `stride` apart.
struct Slice {
  int64_t first, rows, count, stride;
};

template <class T>
void extremes(const T* x, const Slice& slice, T& low, T& high) {
  low = std::numeric_limits<T>::max();
  high = std::numeric_limits<T>::lowest();
  for (int64_t row = 0; row < slice.rows; ++row) {
    const T* from = x + slice.first + row * slice.stride;
    for (int64_t i = 0; i < slice.count; ++i) {
      low = std::min(low, from[i]);
      high = std::max(high, from[i]);
    }
  }
}

template <class T>
void quantize_slice(const QuantizeDequantize& op, const Levels<T>& levels, const Slice& slice,
                    const T* x, T* out) {
  for (int64_t row = 0; row < slice.rows; ++row) {
    const int64_t at = slice.first + row * slice.stride;
    for (int64_t i = at; i < at + slice.count; ++i) {
      const T value =
          op.range_given ? std::max(std::min(x[i], levels.highest), levels.lowest) : x[i];
      const T scaled = value * levels.scale;
      out[i] = (op.half_up ? std::floor(scaled + T{0.5}) : std::nearbyint(scaled)) * levels.inverse;
    }
  }
}

int64_t bits_of(const QuantizeDequantize& op, const RunContext& context) {
  int64_t bits = op.num_bits;
  if (context.num_inputs() > 3) {
    const Tensor& given = context.input(3);
    if (given.dtype() != DType::kInt32 || given.num_elements() != 1)
      fail("QuantizeDequantize", fmt::format("num_bits is {}", given.str()));
    bits = given.data<int32_t>()[0];
  }
  if (bits < (op.signed_input ? 2 : 1) || bits >= 63)
    fail("QuantizeDequantize", fmt::format("{} bits", bits));
  return bits;
}

}  // namespace

void run(const QuantizeDequantize& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const int64_t bits = bits_of(op, context);
  if (op.axis < -1 || op.axis >= x.rank())
    fail("QuantizeDequantize", fmt::format("axis {} of {}", op.axis, x.str()));
  const int64_t ranges = op.axis < 0 ? 1 : x.dim(static_cast<int>(op.axis));
  int64_t inner = op.axis < 0 ? x.num_elements() : 1;
  for (int d = op.axis < 0 ? x.rank() : static_cast<int>(op.axis) + 1; d < x.rank(); ++d)
    inner *= x.dim(d);
  for (size_t i : {size_t{1}, size_t{2}})
    if (op.range_given &&
        (context.input(i).dtype() != x.dtype() || context.input(i).num_elements() != ranges))
      fail("QuantizeDequantize",
           fmt::format("a range of {} for {}", context.input(i).str(), x.str()));
  Tensor& out = context.output(0, x.dtype(), x.shape());
  if (x.num_elements() == 0) return;
  for_float("QuantizeDequantize", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t r = 0; r < ranges; ++r) {
      const Slice slice{r * inner, x.num_elements() / (ranges * inner), inner, ranges * inner};
      T low = op.range_given ? context.input(1).data<T>()[r] : T{0};
      T high = op.range_given ? context.input(2).data<T>()[r] : T{0};
      if (!op.range_given) extremes(x.data<T>(), slice, low, high);
      if (low > high)
        fail("QuantizeDequantize", fmt::format("the range {} to {} is none", low, high));
      quantize_slice(op, Levels<T>(op, bits, low, high), slice, x.data<T>(), out.data<T>());
    }
  });
}

}  // namespace thaw::ref
