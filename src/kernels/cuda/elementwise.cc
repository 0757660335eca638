// Functions of numbers and changes of type (code/elementwise.cu).
#include <fmt/format.h>

#include "kernels/cuda/layout.h"
#include "kernels/cuda/rows.h"

namespace thaw::cuda {
namespace {

// Of x; empty for those without a kernel.
std::string function_of(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kAbs:
      return "fabsf(x)";
    case UnaryKind::kNeg:
      return "(-x)";
    case UnaryKind::kExp:
      return "exp_of(x)";
    case UnaryKind::kLog:
      return "((float)log((double)x))";
    case UnaryKind::kSqrt:
      return "sqrtf(x)";
    case UnaryKind::kRsqrt:
      return "(1.0f / sqrtf(x))";
    case UnaryKind::kSquare:
      return "(x * x)";
    case UnaryKind::kReciprocal:
      return "(1.0f / x)";
    case UnaryKind::kSigmoid:
      return "sigmoid(x)";
    case UnaryKind::kTanh:
      return "((float)tanh((double)x))";
    case UnaryKind::kRelu:
      return "activate<1>(x)";
    case UnaryKind::kRelu6:
      return "activate<2>(x)";
    case UnaryKind::kFloor:
      return "floorf(x)";
    case UnaryKind::kCeil:
      return "ceilf(x)";
    default:
      return {};
  }
}

// Of a and b.
std::string function_of(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::kAdd:
      return "(a + b)";
    case BinaryKind::kSub:
      return "(a - b)";
    case BinaryKind::kMul:
      return "(a * b)";
    case BinaryKind::kDiv:
      return "(a / b)";
    case BinaryKind::kMaximum:
      return "(a != a || a > b ? a : b)";
    case BinaryKind::kMinimum:
      return "(a != a || a < b ? a : b)";
    case BinaryKind::kSquaredDifference:
      return "((a - b) * (a - b))";
    default:
      return {};
  }
}

enum class Part { kUnary, kBinary, kCast };

Recipe recipe_of(Part part, const OpDesc& desc, Constants& constants) {
  const int64_t count = desc.outputs[0].shape.num_elements();
  constants.add("IS_UNARY", part == Part::kUnary).add("IS_BINARY", part == Part::kBinary);
  constants.add("IS_CAST", part == Part::kCast).add("COUNT", count);
  Launching launch;
  launch.code = {"elementwise.cu", constants.text()};
  launch.function = part == Part::kUnary ? "unary" : part == Part::kBinary ? "binary" : "cast";
  cover(launch, count);
  launch.arguments = {Argument::input(0)};
  if (part == Part::kBinary) launch.arguments.push_back(Argument::input(1));
  launch.arguments.push_back(Argument::output(0));
  Recipe recipe;
  recipe.launches = {launch};
  return recipe;
}

std::string refuse_unary(const OpDesc& desc) {
  if (function_of(std::get<Unary>(desc.op).kind).empty()) return "no kernel for this function";
  return refuse_all_but_float32(desc);
}

Recipe unary(const OpDesc& desc) {
  Constants c;
  c.add("FUNCTION", function_of(std::get<Unary>(desc.op).kind));
  return recipe_of(Part::kUnary, desc, c);
}

std::string refuse_binary(const OpDesc& desc) {
  if (function_of(std::get<Binary>(desc.op).kind).empty()) return "no kernel for this function";
  return refuse_all_but_float32(desc);
}

Recipe binary(const OpDesc& desc) {
  const auto& op = std::get<Binary>(desc.op);
  const Shape& out = desc.outputs[0].shape;
  Constants c;
  c.add("FUNCTION", function_of(op.kind)).add("ACTIVATION", static_cast<int>(op.activation));
  const auto offset = [&](size_t i) {
    return place_expression(out, broadcast_strides(desc.inputs[i].shape, out));
  };
  c.add("OFFSET_A", offset(0)).add("OFFSET_B", offset(1));
  return recipe_of(Part::kBinary, desc, c);
}

Constants cast_constants(const OpDesc& desc, float scale, int64_t zero, bool dequantizes) {
  Constants c;
  c.add("X", type_name(desc.inputs[0].dtype)).add("R", type_name(desc.outputs[0].dtype));
  c.add("SCALE", scale).add("ZERO", zero).add("DEQUANTIZES", dequantizes);
  return c;
}

std::string refuse_cast(const OpDesc& desc) {
  const DType to = desc.outputs[0].dtype;
  if (to != DType::kFloat32 && to != DType::kFloat16 && to != DType::kBFloat16)
    return fmt::format("to {}", dtype_name(to));
  if (type_name(desc.inputs[0].dtype).empty())
    return fmt::format("from {}", dtype_name(desc.inputs[0].dtype));
  return refuse_shapes(desc);
}

Recipe cast(const OpDesc& desc) {
  Constants c = cast_constants(desc, 1, 0, false);
  return recipe_of(Part::kCast, desc, c);
}

Recipe quantize(const OpDesc& desc) {
  const auto& op = std::get<Quantize>(desc.op);
  Constants c = cast_constants(desc, op.scale, op.zero, false);
  return recipe_of(Part::kCast, desc, c);
}

Recipe dequantize(const OpDesc& desc) {
  const auto& op = std::get<Dequantize>(desc.op);
  Constants c = cast_constants(desc, op.scale, op.zero, true);
  return recipe_of(Part::kCast, desc, c);
}

Exactness same(const OpDesc& /*desc*/) { return kSameNumbers; }
Exactness functions(const OpDesc& /*desc*/) { return kFunctions; }

}  // namespace

const std::vector<Row>& elementwise_rows() {
  static const std::vector<Row> rows = {
      row<unary>("cuda.unary", OpKind::kUnary, refuse_unary, functions),
      row<binary>("cuda.binary", OpKind::kBinary, refuse_binary, same),
      row<cast>("cuda.cast", OpKind::kCast, refuse_cast, same),
      row<quantize>("cuda.quantize", OpKind::kQuantize, refuse_shapes, same),
      row<dequantize>("cuda.dequantize", OpKind::kDequantize, refuse_shapes, same),
  };
  return rows;
}

}  // namespace thaw::cuda
