// Inference rules of ops/create.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/infer_util.h"

namespace thaw {
namespace {

// How many numbers a range has, as TF counts them: in the type's own arithmetic.
template <class T>
int64_t range_length(const Tensor& start, const Tensor& limit, const Tensor& delta,
                     const InferContext& context) {
  const T a = *start.data<T>();
  const T b = *limit.data<T>();
  const T d = *delta.data<T>();
  if (d == 0) context.fail("a range with a step of 0");
  if ((d > 0 && a > b) || (d < 0 && a < b))
    context.fail(fmt::format("a range from {} to {} by {}", a, b, d));
  const T steps = std::ceil(std::abs((b - a) / d));
  if (!(steps < static_cast<T>(int64_t{1} << 53)))
    context.fail(fmt::format("a range of {} elements", steps));
  return static_cast<int64_t>(steps);
}

int64_t integer_range_length(int64_t a, int64_t b, int64_t d, const InferContext& context) {
  if (d == 0) context.fail("a range with a step of 0");
  if ((d > 0 && a > b) || (d < 0 && a < b))
    context.fail(fmt::format("a range from {} to {} by {}", a, b, d));
  int64_t span = 0;
  if (__builtin_sub_overflow(b, a, &span) || d == INT64_MIN)
    context.fail(fmt::format("a range from {} to {} by {}", a, b, d));
  return span / d + (span % d != 0 ? 1 : 0);
}

// A scalar, or a vector of one as TensorFlow takes in its place.
void require_one(const InferContext& context, size_t input) {
  const Shape& shape = context.shape(input);
  if (shape.has_rank() && shape.rank() == 1) return void(meet_dims(shape[0], 1, context));
  require_scalar(context, input);
}

}  // namespace

std::vector<TensorType> infer(const ShapeOf& op, const InferContext& context) {
  require_inputs(context, 1);
  const Shape& x = context.shape(0);
  return {{op.dtype, {x.has_rank() ? x.rank() : kUnknownDim}}};
}

std::vector<TensorType> infer(const Size& op, const InferContext& context) {
  require_inputs(context, 1);
  return {{op.dtype, {}}};
}

std::vector<TensorType> infer(const Rank&, const InferContext& context) {
  require_inputs(context, 1);
  return {{DType::kInt32, {}}};
}

std::vector<TensorType> infer(const Fill&, const InferContext& context) {
  require_inputs(context, 2);
  require_integer(context, 0);
  require_one(context, 1);
  return {{context.dtype(1), shape_from_value(context, 0)}};
}

std::vector<TensorType> infer(const Range&, const InferContext& context) {
  require_inputs(context, 3);
  for (size_t i = 0; i < 3; ++i) {
    require_one(context, i);
    require_same_dtype(context, 0, i);
  }
  const DType dtype = context.dtype(0);
  int64_t length = kUnknownDim;
  if (is_integer(dtype)) {
    const std::optional<int64_t> start = known_int(context, 0);
    const std::optional<int64_t> limit = known_int(context, 1);
    const std::optional<int64_t> delta = known_int(context, 2);
    if (start && limit && delta) length = integer_range_length(*start, *limit, *delta, context);
  } else {
    const Tensor* start = context.constant(0);
    const Tensor* limit = context.constant(1);
    const Tensor* delta = context.constant(2);
    if (start && limit && delta && dtype == DType::kFloat32)
      length = range_length<float>(*start, *limit, *delta, context);
    if (start && limit && delta && dtype == DType::kFloat64)
      length = range_length<double>(*start, *limit, *delta, context);
  }
  return {{dtype, {length}}};
}

std::vector<TensorType> infer(const OneHot& op, const InferContext& context) {
  require_inputs(context, 4);
  for (size_t i = 1; i < 4; ++i) require_scalar(context, i);
  require_same_dtype(context, 2, 3);
  if (op.axis < -1) context.fail(fmt::format("an axis of {}", op.axis));
  Shape shape = context.shape(0);
  if (!shape.has_rank()) return {{context.dtype(2), shape}};
  const int64_t depth = known_int(context, 1).value_or(kUnknownDim);
  shape.insert(op.axis == -1 ? shape.rank() : resolve_axis(op.axis, shape.rank() + 1, context),
               std::max(depth, kUnknownDim));
  return {{context.dtype(2), shape}};
}

std::vector<TensorType> infer(const ConcatOffset&, const InferContext& context) {
  if (context.num_inputs() < 2) context.fail("an axis and shapes were expected");
  std::vector<TensorType> types;
  for (size_t i = 1; i < context.num_inputs(); ++i)
    types.push_back({context.dtype(i), require_rank(context, i, 1)});
  return types;
}

}  // namespace thaw
