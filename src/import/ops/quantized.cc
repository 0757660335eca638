// Weights stored as quantised numbers (graphs of 2016 to 2018): Dequantize becomes arithmetic.
#include <fmt/format.h>

#include <cmath>

#include "import/op_table.h"

namespace thaw {
namespace {

// value = (code + code_offset) * scale + offset
struct Affine {
  float code_offset = 0;
  float scale = 1;
  float offset = 0;
};

struct CodeRange {
  float lowest = 0;
  float steps = 256;  // how many codes there are
};

CodeRange code_range(NodeContext& ctx, DType dtype) {
  switch (dtype) {
    case DType::kUInt8:
      return {0, 256};
    case DType::kInt8:
      return {-128, 256};
    case DType::kUInt16:
      return {0, 65536};
    case DType::kInt16:
      return {-32768, 65536};
    case DType::kInt32:
      return {-2147483648.0F, 4294967296.0F};
    default:
      ctx.fail(fmt::format("codes of type {} are not supported", dtype_name(dtype)));
  }
}

Affine min_combined(CodeRange codes, float min, float max) {
  const float half = codes.lowest < 0 ? codes.steps / 2 : 0;
  return {half, (max - min) / (codes.steps - 1), min};
}

Affine min_first(CodeRange codes, float min, float max) {
  const auto scale = static_cast<float>((static_cast<double>(max) - min) / (codes.steps - 1.0));
  // Where the range is empty or next to it TensorFlow divides 0 by 0; the codes all mean min then.
  const float rounded = scale > 0 ? std::round(min / scale) * scale : min;
  return {-codes.lowest, scale, rounded};
}

Affine scaled(NodeContext& ctx, CodeRange codes, float min, float max) {
  const bool narrow = ctx.bool_attr("narrow_range", false);
  const float highest = codes.lowest + codes.steps - 1;
  float scale = max / highest;
  if (codes.lowest < 0) scale = std::max(scale, min / (narrow ? -highest : codes.lowest));
  return {0, scale, 0};
}

float constant_float(NodeContext& ctx, size_t i, const char* what) {
  const Tensor* t = ctx.constant(i);
  if (!t || t->dtype() != DType::kFloat32 || t->num_elements() != 1)
    ctx.fail(fmt::format("expected a constant float as {}", what));
  return t->data<float>()[0];
}

// (codes, min, max) -> floats
Outputs dequantize(NodeContext& ctx) {
  ctx.expect_inputs(3);
  if (ctx.int_attr("axis", -1) != -1) ctx.fail("attribute 'axis': only -1 is supported");
  if (ctx.type_attr("dtype", DType::kFloat32) != DType::kFloat32)
    ctx.fail("attribute 'dtype': only float32 is supported");
  const float min = constant_float(ctx, 1, "min_range");
  const float max = constant_float(ctx, 2, "max_range");
  const CodeRange codes = code_range(ctx, ctx.type(0).dtype);
  const std::string mode = ctx.string_attr("mode", "MIN_COMBINED");
  Affine map;
  if (mode == "MIN_COMBINED") {
    map = min_combined(codes, min, max);
  } else if (mode == "MIN_FIRST") {
    map = min_first(codes, min, max);
  } else if (mode == "SCALED") {
    map = scaled(ctx, codes, min, max);
  } else {
    ctx.fail("attribute 'mode': expected MIN_COMBINED, MIN_FIRST or SCALED, found '" + mode + "'");
  }
  auto apply = [&](BinaryKind kind, ValueId x, float number, float neutral) {
    if (number == neutral) return x;
    return ctx.add(Binary{kind, Activation::kNone}, {x, ctx.scalar_float(number, DType::kFloat32)});
  };
  ValueId x = ctx.add(Cast{DType::kFloat32}, {ctx.input(0)});
  x = apply(BinaryKind::kAdd, x, map.code_offset, 0);
  x = apply(BinaryKind::kMul, x, map.scale, 1);
  return {apply(BinaryKind::kAdd, x, map.offset, 0)};
}

}  // namespace

const std::vector<OpRow>& quantized_ops() {
  static const std::vector<OpRow> rows = {{"Dequantize", dequantize}};
  return rows;
}

}  // namespace thaw
