// Inference rules of ops/reduce.h.
#include <fmt/format.h>

#include <array>

#include "graph/infer_util.h"

namespace thaw {

std::vector<TensorType> infer(const Reduce& op, const InferContext& context) {
  const DType dtype = context.num_inputs() > 0 ? context.dtype(0) : DType::kInvalid;
  if (op.kind == ReduceKind::kL2Loss) {
    require_inputs(context, 1, 2);
    return {{dtype, Shape{}}};
  }
  require_inputs(context, 2);
  require_integer(context, 1);
  if (op.kind == ReduceKind::kAll || op.kind == ReduceKind::kAny)
    require_dtype(context, 0, DType::kBool);
  const Shape& x = context.shape(0);
  if (!x.has_rank()) return {{dtype, Shape::unknown()}};
  const std::optional<std::vector<int64_t>> axes = known_ints(context, 1);
  if (!axes) return {{dtype, op.keep_dims ? Shape::unknown_of_rank(x.rank()) : Shape::unknown()}};
  std::array<bool, Shape::kMaxRank> reduced{};
  for (int64_t axis : *axes)
    reduced[static_cast<size_t>(resolve_axis(axis, x.rank(), context))] = true;
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[static_cast<size_t>(i)])
      shape.push_back(x[i]);
    else if (op.keep_dims)
      shape.push_back(1);
  }
  return {{dtype, shape}};
}

std::vector<TensorType> infer(const ArgReduce& op, const InferContext& context) {
  require_inputs(context, 2);
  require_scalar(context, 1);
  Shape shape = context.shape(0);
  if (!shape.has_rank()) return {{op.dtype, shape}};
  if (const std::optional<int64_t> axis = known_int(context, 1)) {
    shape.erase(resolve_axis(*axis, shape.rank(), context));
    return {{op.dtype, shape}};
  }
  if (shape.rank() == 0) context.fail("a scalar has no axis");
  return {{op.dtype, Shape::unknown_of_rank(shape.rank() - 1)}};
}

std::vector<TensorType> infer(const Cumsum&, const InferContext& context) {
  require_inputs(context, 2);
  require_scalar(context, 1);
  return {context.input(0)};
}

std::vector<TensorType> infer(const TopK& op, const InferContext& context) {
  require_inputs(context, 2);
  require_scalar(context, 1);
  Shape shape = context.shape(0);
  if (shape.has_rank()) {
    if (shape.rank() == 0) context.fail("a scalar has no last dimension");
    const int64_t k = known_int(context, 1).value_or(kUnknownDim);
    int64_t& last = shape[shape.rank() - 1];
    if (k >= 0 && last >= 0 && k > last) context.fail(fmt::format("the {} largest of {}", k, last));
    last = k < 0 ? kUnknownDim : k;
  }
  return {{context.dtype(0), shape}, {op.index_dtype, shape}};
}

std::vector<TensorType> infer(const Where&, const InferContext& context) {
  require_inputs(context, 1);
  const Shape& x = context.shape(0);
  if (x.has_rank() && x.rank() == 0) context.fail("a scalar has no coordinates");
  return {{DType::kInt64, {kUnknownDim, x.has_rank() ? x.rank() : kUnknownDim}}};
}

}  // namespace thaw
