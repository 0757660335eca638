// TF's element-by-element ops.
#include <fmt/format.h>

#include "import/op_table.h"
#include "import/ops/layout_nchw.h"

namespace thaw {
namespace {

template <UnaryKind kind>
Outputs unary(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Unary{kind}, ctx.inputs())};
}

template <BinaryKind kind>
Outputs binary(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(Binary{kind, Activation::kNone}, ctx.inputs())};
}

template <bool broadcast>
Outputs select(NodeContext& ctx) {
  ctx.expect_inputs(3);
  return {ctx.add(Select{broadcast}, ctx.inputs())};
}

Outputs bias_add(NodeContext& ctx) {
  ctx.expect_inputs(2);
  if (!is_nchw(ctx)) return {ctx.add(Binary{}, ctx.inputs())};
  const ValueId x = ctx.input(0);
  if (ctx.type(0).shape.has_rank() && ctx.type(0).shape.rank() == 4)
    return {to_nchw(ctx, ctx.add(Binary{}, {to_nhwc(ctx, x), ctx.input(1)}))};
  // Of another rank, or one that only the run knows, the bias becomes [channels, 1, ...].
  const ValueId behind = ctx.add(Binary{BinaryKind::kSub, Activation::kNone},
                                 {ctx.add(Rank{}, {x}), ctx.scalar_int(2)});
  const ValueId ones =
      ctx.add(Fill{}, {ctx.add(ExpandDims{}, {behind, ctx.scalar_int(0)}), ctx.scalar_int(1)});
  const ValueId shape = ctx.add(Concat{}, {ctx.ints({-1}), ones, ctx.scalar_int(0)});
  return {ctx.add(Binary{}, {x, ctx.add(Reshape{}, {ctx.input(1), shape})})};
}

Outputs cast(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const DType from = ctx.type_attr("SrcT", ctx.type(0).dtype);
  if (from != ctx.type(0).dtype)
    ctx.fail(std::string("attribute 'SrcT' is ") + dtype_name(from) + ", the input is " +
             dtype_name(ctx.type(0).dtype));
  if (ctx.bool_attr("Truncate", false) && !is_integer(from))
    ctx.fail("attribute 'Truncate' is not supported for floats");
  return {ctx.add(Cast{ctx.type_attr("DstT")}, ctx.inputs())};
}

Outputs add_n(NodeContext& ctx) {
  ctx.expect_inputs(1, SIZE_MAX);
  return {ctx.add(AddN{}, ctx.inputs())};
}

// x where it is positive, else x * alpha: right for any alpha, as TF has it.
Outputs leaky_relu(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const DType dtype = ctx.type(0).dtype;
  const ValueId x = ctx.input(0);
  const ValueId alpha = ctx.scalar_float(ctx.float_attr("alpha", 0.2F), dtype);
  const ValueId zero = ctx.scalar_float(0, dtype);
  const ValueId positive = ctx.add(Binary{BinaryKind::kGreater, Activation::kNone}, {x, zero});
  const ValueId scaled = ctx.add(Binary{BinaryKind::kMul, Activation::kNone}, {x, alpha});
  return {ctx.add(Select{true}, {positive, x, scaled})};
}

Outputs clip_by_value(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const ValueId below =
      ctx.add(Binary{BinaryKind::kMinimum, Activation::kNone}, {ctx.input(0), ctx.input(2)});
  return {ctx.add(Binary{BinaryKind::kMaximum, Activation::kNone}, {below, ctx.input(1)})};
}

FakeQuant fake_quant_of(NodeContext& ctx) {
  const FakeQuant op{ctx.int_attr("num_bits", 8), ctx.bool_attr("narrow_range", false)};
  if (op.num_bits < 2 || op.num_bits > 16)
    ctx.fail("attribute 'num_bits': expected 2 to 16, found " + std::to_string(op.num_bits));
  return op;
}

Outputs fake_quant_vars(NodeContext& ctx) {
  ctx.expect_inputs(3);
  return {ctx.add(fake_quant_of(ctx), ctx.inputs())};
}

Outputs fake_quant_args(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const float min = ctx.float_attr("min", -6.0F);
  const float max = ctx.float_attr("max", 6.0F);
  if (!(min < max))
    ctx.fail(fmt::format("attributes 'min' {} and 'max' {} are no range", min, max));
  return {ctx.add(fake_quant_of(ctx), {ctx.input(0), ctx.scalar_float(min, DType::kFloat32),
                                       ctx.scalar_float(max, DType::kFloat32)})};
}

// V2 and V4; V3 has the number of bits as an input.
Outputs quantize_and_dequantize(NodeContext& ctx) {
  const bool counted = ctx.op() == "QuantizeAndDequantizeV3";
  ctx.expect_inputs(counted ? 4 : 3);
  QuantizeDequantize op;
  op.signed_input = ctx.bool_attr("signed_input", true);
  if (!counted) op.num_bits = ctx.int_attr("num_bits", 8);
  op.range_given = ctx.bool_attr("range_given", counted);
  const std::string round =
      counted ? "HALF_TO_EVEN" : ctx.string_attr("round_mode", "HALF_TO_EVEN");
  if (round != "HALF_TO_EVEN" && round != "HALF_UP")
    ctx.fail(
        fmt::format("attribute 'round_mode': expected HALF_TO_EVEN or HALF_UP, found {}", round));
  op.half_up = round == "HALF_UP";
  op.narrow_range = ctx.bool_attr("narrow_range", false);
  op.axis = ctx.int_attr("axis", -1);
  return {ctx.add(op, ctx.inputs())};
}

}  // namespace

const std::vector<OpRow>& elementwise_ops() {
  static const std::vector<OpRow> rows = {
      {"Abs", unary<UnaryKind::kAbs>},
      {"Add", binary<BinaryKind::kAdd>},
      {"AddN", add_n},
      {"AddV2", binary<BinaryKind::kAdd>},
      {"Atan2", binary<BinaryKind::kAtan2>},
      {"BiasAdd", bias_add},
      {"BiasAddV1", bias_add},
      {"Cast", cast},
      {"Ceil", unary<UnaryKind::kCeil>},
      {"ClipByValue", clip_by_value},
      {"Div", binary<BinaryKind::kDiv>},
      {"DivNoNan", binary<BinaryKind::kDivNoNan>},
      {"Elu", unary<UnaryKind::kElu>},
      {"Equal", binary<BinaryKind::kEqual>},
      {"Erf", unary<UnaryKind::kErf>},
      {"Exp", unary<UnaryKind::kExp>},
      {"Expm1", unary<UnaryKind::kExpm1>},
      {"FakeQuantWithMinMaxArgs", fake_quant_args},
      {"FakeQuantWithMinMaxVars", fake_quant_vars},
      {"FakeQuantWithMinMaxVarsPerChannel", fake_quant_vars},
      {"Floor", unary<UnaryKind::kFloor>},
      {"FloorDiv", binary<BinaryKind::kFloorDiv>},
      {"FloorMod", binary<BinaryKind::kFloorMod>},
      {"Greater", binary<BinaryKind::kGreater>},
      {"GreaterEqual", binary<BinaryKind::kGreaterEqual>},
      {"Inv", unary<UnaryKind::kReciprocal>},
      {"IsFinite", unary<UnaryKind::kIsFinite>},
      {"IsInf", unary<UnaryKind::kIsInf>},
      {"IsNan", unary<UnaryKind::kIsNan>},
      {"LeakyRelu", leaky_relu},
      {"Less", binary<BinaryKind::kLess>},
      {"LessEqual", binary<BinaryKind::kLessEqual>},
      {"Log", unary<UnaryKind::kLog>},
      {"Log1p", unary<UnaryKind::kLog1p>},
      {"LogicalAnd", binary<BinaryKind::kLogicalAnd>},
      {"LogicalNot", unary<UnaryKind::kLogicalNot>},
      {"LogicalOr", binary<BinaryKind::kLogicalOr>},
      {"Maximum", binary<BinaryKind::kMaximum>},
      {"Minimum", binary<BinaryKind::kMinimum>},
      {"Mod", binary<BinaryKind::kTruncateMod>},
      {"Mul", binary<BinaryKind::kMul>},
      {"Neg", unary<UnaryKind::kNeg>},
      {"NotEqual", binary<BinaryKind::kNotEqual>},
      {"OnesLike", unary<UnaryKind::kOnesLike>},
      {"Pow", binary<BinaryKind::kPow>},
      {"QuantizeAndDequantizeV2", quantize_and_dequantize},
      {"QuantizeAndDequantizeV3", quantize_and_dequantize},
      {"QuantizeAndDequantizeV4", quantize_and_dequantize},
      {"RealDiv", binary<BinaryKind::kDiv>},
      {"Reciprocal", unary<UnaryKind::kReciprocal>},
      {"Relu", unary<UnaryKind::kRelu>},
      {"Relu6", unary<UnaryKind::kRelu6>},
      {"Rint", unary<UnaryKind::kRint>},
      {"Round", unary<UnaryKind::kRound>},
      {"Rsqrt", unary<UnaryKind::kRsqrt>},
      {"Select", select<false>},
      {"SelectV2", select<true>},
      {"Selu", unary<UnaryKind::kSelu>},
      {"Sigmoid", unary<UnaryKind::kSigmoid>},
      {"Sign", unary<UnaryKind::kSign>},
      {"Softplus", unary<UnaryKind::kSoftplus>},
      {"Softsign", unary<UnaryKind::kSoftsign>},
      {"Sqrt", unary<UnaryKind::kSqrt>},
      {"Square", unary<UnaryKind::kSquare>},
      {"SquaredDifference", binary<BinaryKind::kSquaredDifference>},
      {"Sub", binary<BinaryKind::kSub>},
      {"Tanh", unary<UnaryKind::kTanh>},
      {"TruncateDiv", binary<BinaryKind::kTruncateDiv>},
      {"TruncateMod", binary<BinaryKind::kTruncateMod>},
      {"ZerosLike", unary<UnaryKind::kZerosLike>},
  };
  return rows;
}

}  // namespace thaw
