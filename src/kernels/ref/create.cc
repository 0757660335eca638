// Reference kernels of ops that make tensors of shapes and numbers.
#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

void store(const char* op, Tensor& t, int64_t i, int64_t value) {
  if (t.dtype() == DType::kInt64) {
    t.data<int64_t>()[i] = value;
    return;
  }
  if (t.dtype() != DType::kInt32) fail_dtype(op, t.dtype());
  if (value > std::numeric_limits<int32_t>::max())
    fail(op, fmt::format("{} does not fit an int32", value));
  t.data<int32_t>()[i] = static_cast<int32_t>(value);
}

// How many steps of delta lead from start to just before limit.
template <class T>
int64_t range_size(T start, T limit, T delta) {
  if (delta == 0) fail("Range", "delta is 0");
  if (delta > 0 ? start > limit : start < limit)
    fail("Range", fmt::format("start {} lies past limit {} for delta {}", start, limit, delta));
  double steps = 0;
  if constexpr (std::is_integral_v<T>) {
    const auto span = delta > 0 ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                                : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
    const uint64_t step =
        delta > 0 ? static_cast<uint64_t>(delta) : uint64_t{0} - static_cast<uint64_t>(delta);
    const uint64_t count = span / step + (span % step != 0 ? 1 : 0);
    if (count < (uint64_t{1} << 62)) return static_cast<int64_t>(count);
    steps = static_cast<double>(count);
  } else {
    steps = std::ceil(std::abs((limit - start) / delta));
    if (steps < 4e18) return static_cast<int64_t>(steps);
  }
  fail("Range", fmt::format("{} elements are too many", steps));
}

}  // namespace

void run(const ShapeOf& op, RunContext& context) {
  const Shape& shape = context.input(0).shape();
  Tensor& out = context.output(0, op.dtype, {shape.rank()});
  for (int i = 0; i < shape.rank(); ++i) store("ShapeOf", out, i, shape[i]);
}

void run(const Size& op, RunContext& context) {
  store("Size", context.output(0, op.dtype, {}), 0, context.input(0).num_elements());
}

void run(const Rank&, RunContext& context) {
  context.output(0, DType::kInt32, {}).data<int32_t>()[0] = context.input(0).rank();
}

void run(const Fill&, RunContext& context) {
  const Tensor& value = context.input(1);
  if (value.num_elements() != 1)
    fail("Fill", fmt::format("the value must be a scalar, got {}", value.str()));
  fill("Fill", context.output(0, value.dtype(), shape_from("Fill", context.input(0))), value);
}

void run(const Range&, RunContext& context) {
  const Tensor& start = context.input(0);
  for (size_t i = 0; i < 3; ++i)
    if (context.input(i).num_elements() != 1 || context.input(i).dtype() != start.dtype())
      fail("Range", fmt::format("start, limit and delta must be scalars of one type, got {}",
                                context.input(i).str()));
  for_number("Range", start.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T delta = context.input(2).data<T>()[0];
    T value = start.data<T>()[0];
    const int64_t size = range_size<T>(value, context.input(1).data<T>()[0], delta);
    Tensor& out = context.output(0, start.dtype(), {size});
    for (int64_t i = 0; i < size; ++i) {
      out.data<T>()[i] = value;
      if (i + 1 < size) value = static_cast<T>(value + delta);
    }
  });
}

void run(const OneHot& op, RunContext& context) {
  const Tensor& indices = context.input(0);
  const int64_t depth = scalar_int("OneHot", context.input(1), "the depth");
  const Tensor& on = context.input(2);
  const Tensor& off = context.input(3);
  if (depth < 0 || context.input(1).rank() + on.rank() + off.rank() != 0 ||
      on.dtype() != off.dtype() || !is_integer(indices.dtype()) || op.axis < -1)
    fail("OneHot", fmt::format("depth {}, on {}, off {}, indices {}", depth, on.str(), off.str(),
                               indices.str()));
  const int axis =
      op.axis == -1 ? indices.rank() : normalize_axis("OneHot", op.axis, indices.rank() + 1);
  Shape shape = indices.shape();
  shape.insert(axis, depth);
  Tensor& out = context.output(0, on.dtype(), shape);
  fill("OneHot", out, off);
  const int64_t inner = product(indices.shape(), axis, indices.rank());
  for_carrier("OneHot", on.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < indices.num_elements(); ++i) {
      const int64_t index = indices.int_at(i);
      if (index >= 0 && index < depth)
        put(out.data<T>()[(i / inner * depth + index) * inner + i % inner], *on.data<T>());
    }
  });
}

void run(const ConcatOffset&, RunContext& context) {
  const char* name = "ConcatOffset";
  const Tensor& first = context.input(1);
  const int64_t named = scalar_int(name, context.input(0), "the axis");
  const std::vector<int64_t> expected = int_vector(name, first, "a shape");
  const int axis = normalize_axis(name, named, static_cast<int>(expected.size()));
  int64_t offset = 0;
  for (size_t i = 1; i < context.num_inputs(); ++i) {
    const std::vector<int64_t> shape = int_vector(name, context.input(i), "a shape");
    if (shape.size() != expected.size())
      fail(name, fmt::format("shape {} has rank {}, not {}", i - 1, shape.size(), expected.size()));
    Tensor& out = context.output(i - 1, first.dtype(), first.shape());
    for (size_t d = 0; d < shape.size(); ++d) {
      const bool along = static_cast<int>(d) == axis;
      if (!along && shape[d] != expected[d])
        fail(name, fmt::format("shape {} differs from the first in dimension {}: {}, not {}", i - 1,
                               d, shape[d], expected[d]));
      store(name, out, static_cast<int64_t>(d), along ? offset : 0);
    }
    offset = checked_sum(name, offset, shape[static_cast<size_t>(axis)]);
  }
}

}  // namespace thaw::ref
