// Inference rules of ops/text.h.
#include <fmt/format.h>

#include "graph/infer_util.h"

namespace thaw {

std::vector<TensorType> infer(const StringJoin&, const InferContext& context) {
  if (context.num_inputs() == 0) context.fail("no inputs");
  Shape shape;
  for (size_t i = 0; i < context.num_inputs(); ++i) {
    require_dtype(context, i, DType::kString);
    shape = broadcast_shapes(shape, context.shape(i), context);
  }
  return {{DType::kString, shape}};
}

std::vector<TensorType> infer(const Substr&, const InferContext& context) {
  require_inputs(context, 3);
  require_dtype(context, 0, DType::kString);
  require_integer(context, 1);
  require_same_dtype(context, 1, 2);
  const Shape range = broadcast_shapes(context.shape(1), context.shape(2), context);
  return {{DType::kString, broadcast_shapes(context.shape(0), range, context)}};
}

std::vector<TensorType> infer(const RegexFullMatch&, const InferContext& context) {
  require_inputs(context, 1);
  require_dtype(context, 0, DType::kString);
  return {{DType::kBool, context.shape(0)}};
}

std::vector<TensorType> infer(const DecodeRaw& op, const InferContext& context) {
  require_inputs(context, 1);
  require_dtype(context, 0, DType::kString);
  if (dtype_size(op.dtype) == 0) context.fail(fmt::format("bytes as {}", dtype_name(op.dtype)));
  Shape shape = context.shape(0);
  if (shape.has_rank()) shape.push_back(kUnknownDim);
  return {{op.dtype, shape}};
}

std::vector<TensorType> infer(const ParseExample& op, const InferContext& context) {
  require_inputs(context, 1 + op.keys.size());
  require_dtype(context, 0, DType::kString);
  if (op.dtypes.size() != op.keys.size())
    context.fail(fmt::format("{} keys and {} types", op.keys.size(), op.dtypes.size()));
  const Shape& serialised = context.shape(0);
  if (serialised.has_rank() && serialised.rank() > 1)
    context.fail(fmt::format("examples of shape {}", serialised.str()));
  std::vector<TensorType> types;
  size_t at = 0;
  for (DType dtype : op.dtypes) {
    if (at >= op.shapes.size() || op.shapes[at] < 0 || op.shapes[at] > Shape::kMaxRank ||
        op.shapes.size() - at - 1 < static_cast<size_t>(op.shapes[at]))
      context.fail("the features' shapes are incomplete");
    Shape shape = serialised;
    const auto rank = static_cast<size_t>(op.shapes[at++]);
    for (size_t i = 0; i < rank && shape.has_rank(); ++i)
      shape.push_back(op.shapes[at + i] < 0 ? kUnknownDim : op.shapes[at + i]);
    at += rank;
    types.push_back({dtype, shape});
  }
  return types;
}

}  // namespace thaw
