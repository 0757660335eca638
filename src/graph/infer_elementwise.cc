// Inference rules of ops/elementwise.h.
#include <fmt/format.h>

#include "graph/infer_util.h"

namespace thaw {
namespace {

bool gives_bool(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::kEqual:
    case BinaryKind::kNotEqual:
    case BinaryKind::kLess:
    case BinaryKind::kLessEqual:
    case BinaryKind::kGreater:
    case BinaryKind::kGreaterEqual:
    case BinaryKind::kLogicalAnd:
    case BinaryKind::kLogicalOr:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<TensorType> infer(const Unary& op, const InferContext& context) {
  require_inputs(context, 1);
  switch (op.kind) {
    case UnaryKind::kLogicalNot:
      require_dtype(context, 0, DType::kBool);
      return {context.input(0)};
    case UnaryKind::kIsNan:
    case UnaryKind::kIsInf:
    case UnaryKind::kIsFinite:
      require_floating(context, 0);
      return {{DType::kBool, context.shape(0)}};
    case UnaryKind::kZerosLike:
    case UnaryKind::kOnesLike:
      return {context.input(0)};
    default:
      if (!is_floating(context.dtype(0)) && !is_integer(context.dtype(0)))
        context.fail(fmt::format("{} of {}", enum_names(op.kind).names[static_cast<int>(op.kind)],
                                 dtype_name(context.dtype(0))));
      return {context.input(0)};
  }
}

std::vector<TensorType> infer(const Binary& op, const InferContext& context) {
  require_inputs(context, 2);
  require_same_dtype(context, 0, 1);
  if (op.kind == BinaryKind::kLogicalAnd || op.kind == BinaryKind::kLogicalOr)
    require_dtype(context, 0, DType::kBool);
  return {{gives_bool(op.kind) ? DType::kBool : context.dtype(0),
           broadcast_shapes(context.shape(0), context.shape(1), context)}};
}

std::vector<TensorType> infer(const Select& op, const InferContext& context) {
  require_inputs(context, 3);
  require_dtype(context, 0, DType::kBool);
  require_same_dtype(context, 1, 2);
  const Shape& condition = context.shape(0);
  if (op.broadcast) {
    const Shape values = broadcast_shapes(context.shape(1), context.shape(2), context);
    return {{context.dtype(1), broadcast_shapes(condition, values, context)}};
  }
  Shape shape = meet_shapes(context.shape(1), context.shape(2), context);
  if (condition.has_rank() && shape.has_rank() && condition.rank() > 0) {
    if (condition.rank() == shape.rank())
      shape = meet_shapes(condition, shape, context);
    else if (condition.rank() == 1)
      shape[0] = meet_dims(condition[0], shape[0], context);
    else
      context.fail(fmt::format("a condition of shape {} does not select from {}", condition.str(),
                               shape.str()));
  }
  return {{context.dtype(1), shape}};
}

std::vector<TensorType> infer(const Cast& op, const InferContext& context) {
  require_inputs(context, 1);
  for (DType dtype : {op.dtype, context.dtype(0)})
    if (dtype_size(dtype) == 0 && op.dtype != context.dtype(0))
      context.fail(fmt::format("{} to {}", dtype_name(context.dtype(0)), dtype_name(op.dtype)));
  return {{op.dtype, context.shape(0)}};
}

std::vector<TensorType> infer(const AddN&, const InferContext& context) {
  if (context.num_inputs() == 0) context.fail("no inputs");
  Shape shape = context.shape(0);
  for (size_t i = 1; i < context.num_inputs(); ++i) {
    require_same_dtype(context, 0, i);
    shape = meet_shapes(shape, context.shape(i), context);
  }
  return {{context.dtype(0), shape}};
}

namespace {

void check_quantization(float scale, int64_t zero, const InferContext& context) {
  if (!(scale > 0) || zero < 0 || zero > 255)
    context.fail(fmt::format("a scale of {} and a zero at {}, above 0 and 0..255 were expected",
                             scale, zero));
}

}  // namespace

std::vector<TensorType> infer(const Quantize& op, const InferContext& context) {
  require_inputs(context, 1);
  require_dtype(context, 0, DType::kFloat32);
  check_quantization(op.scale, op.zero, context);
  return {{DType::kUInt8, context.shape(0)}};
}

std::vector<TensorType> infer(const Dequantize& op, const InferContext& context) {
  require_inputs(context, 1);
  require_dtype(context, 0, DType::kUInt8);
  check_quantization(op.scale, op.zero, context);
  return {{DType::kFloat32, context.shape(0)}};
}

std::vector<TensorType> infer(const FakeQuant& op, const InferContext& context) {
  require_inputs(context, 3);
  require_dtype(context, 0, DType::kFloat32);
  if (op.num_bits < 2 || op.num_bits > 16)
    context.fail(fmt::format("{} bits, 2 to 16 were expected", op.num_bits));
  TensorType type = context.input(0);
  for (size_t i : {size_t{1}, size_t{2}}) {
    require_dtype(context, i, DType::kFloat32);
    const Shape& range = context.shape(i);
    if (!range.has_rank() || range.rank() == 0) continue;
    if (range.rank() > 1 || (type.shape.has_rank() && type.shape.rank() == 0))
      context.fail(fmt::format("a range of shape {} for {}", range.str(), type.shape.str()));
    if (type.shape.has_rank()) {
      const int last = type.shape.rank() - 1;
      type.shape[last] = meet_dims(type.shape[last], range[0], context);
    }
  }
  return {type};
}

std::vector<TensorType> infer(const QuantizeDequantize& op, const InferContext& context) {
  if (context.num_inputs() != 4) require_inputs(context, 3);
  const TensorType x = context.input(0);
  if (x.dtype != DType::kFloat32 && x.dtype != DType::kFloat64)
    context.fail(fmt::format("{}, float32 or float64 was expected", dtype_name(x.dtype)));
  for (size_t i : {size_t{1}, size_t{2}}) require_same_dtype(context, 0, i);
  if (context.num_inputs() == 4) require_dtype(context, 3, DType::kInt32);
  if (op.axis < -1 || (x.shape.has_rank() && op.axis >= x.shape.rank()))
    context.fail(fmt::format("axis {} of {}", op.axis, x.shape.str()));
  return {x};
}

}  // namespace thaw
