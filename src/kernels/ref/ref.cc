#include "kernels/ref/ref.h"

#include <fmt/core.h>

#include <algorithm>

#include "thaw/error.h"

namespace thaw::ref {

void fail(const char* op, const std::string& what) {
  throw InputError(fmt::format("{}: {}", op, what));
}

void fail_dtype(const char* op, DType dtype) {
  fail(op, fmt::format("elements of type {} are not supported", dtype_name(dtype)));
}

int64_t checked_product(const char* op, int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product))
    fail(op, "the result has more elements than 64 bits can count");
  return product;
}

int64_t checked_sum(const char* op, int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    fail(op, "the result has more elements than 64 bits can count");
  return sum;
}

std::array<int64_t, Shape::kMaxRank> strides_of(const Shape& shape) {
  std::array<int64_t, Shape::kMaxRank> strides{};
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<size_t>(i)] = step;
    step *= std::max<int64_t>(shape[i], 1);
  }
  return strides;
}

int normalize_axis(const char* op, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    fail(op, fmt::format("axis {} is outside [{}, {})", axis, -rank, rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

int64_t scalar_int(const char* op, const Tensor& t, const char* what) {
  if (!is_integer(t.dtype()) || t.num_elements() != 1)
    fail(op, fmt::format("{} must be one integer, got {}", what, t.str()));
  return t.int_at(0);
}

std::vector<int64_t> int_vector(const char* op, const Tensor& t, const char* what) {
  if (!is_integer(t.dtype()) || t.rank() > 1)
    fail(op, fmt::format("{} must be a vector of integers, got {}", what, t.str()));
  return t.ints();
}

Shape shape_from(const char* op, const Tensor& t) {
  Shape shape;
  for (int64_t d : int_vector(op, t, "a shape")) {
    if (d < 0) fail(op, fmt::format("a shape with the negative extent {}", d));
    shape.push_back(d);
  }
  return shape;
}

Shape broadcast(const char* op, const Shape& a, const Shape& b) {
  Shape out;
  const int rank = std::max(a.rank(), b.rank());
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank());
    const int ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia];
    const int64_t db = ib < 0 ? 1 : b[ib];
    if (da != db && da != 1 && db != 1)
      fail(op, fmt::format("shapes {} and {} don't broadcast", a.str(), b.str()));
    out.push_back(da == 1 ? db : da);
  }
  return out;
}

std::array<int64_t, Shape::kMaxRank> broadcast_strides(const Shape& shape, const Shape& out) {
  const auto dense = strides_of(shape);
  std::array<int64_t, Shape::kMaxRank> strides{};
  const int lead = out.rank() - shape.rank();
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] != 1) strides[static_cast<size_t>(i + lead)] = dense[static_cast<size_t>(i)];
  return strides;
}

void pass_on(RunContext& context, size_t i, const Shape& shape) {
  Tensor t = context.owns_input(i) ? context.take_input(i) : context.input(i);
  context.set_output(0, t.shape() == shape ? std::move(t) : t.reshaped(shape));
}

int64_t product(const Shape& shape, int first, int last) {
  int64_t n = 1;
  for (int i = first; i < last; ++i) n *= shape[i];
  return n;
}

}  // namespace thaw::ref
