#include "passes/lower_precision.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

// A first layer, a depthwise one, and a last one whose result is read by something else.
constexpr const char* kNetwork = R"(graph(%x: float32[1,4,4,3]) {
    %w1 = Const() {value=float32[1,1,3,8]{all 1}}
    %a = Conv2D(%x, %w1) {activation=Relu6} "first"
    %w2 = Const() {value=float32[3,3,8,1]{all 1}}
    %b = DepthwiseConv2D(%a, %w2) {padding=SAME, activation=Relu6} "second"
    %w3 = Const() {value=float32[1,1,8,2]{all 1}}
    %c = Conv2D(%b, %w3) "third"
    %d = Unary(%c) {kind=Sigmoid}
    return d=%d
  })";

bool to_bfloat16(Graph& graph, const PassContext& context) {
  PassContext lower = context;
  lower.precision = DType::kBFloat16;
  return lower_precision(graph, lower);
}

bool to_uint8(Graph& graph, const PassContext& context) {
  PassContext lower = context;
  lower.precision = DType::kUInt8;
  return lower_precision(graph, lower);
}

TEST(LowerPrecision, Float32IsLeftAlone) { expect_unchanged(lower_precision, kNetwork); }

TEST(LowerPrecision, WhatDepthwiseLayersReadIsFloat16BesideBfloat16) {
  expect_pass(to_bfloat16, kNetwork, R"(graph(%x: float32[1,4,4,3]) {
    %w1 = Const() {value=float32[1,1,3,8]{all 1}}
    %a = Conv2D(%x, %w1) {activation=Relu6, result=float16}
    %w2 = Const() {value=float32[3,3,8,1]{all 1}}
    %b = DepthwiseConv2D(%a, %w2) {padding=SAME, activation=Relu6, float16_accumulation=true, result=bfloat16}
    %w3 = Const() {value=float32[1,1,8,2]{all 1}}
    %c = Conv2D(%b, %w3) {result=float32}
    %d = Unary(%c) {kind=Sigmoid}
    return d=%d
  })");
}

// Without a bound, or with sums that float16 doesn't hold.
TEST(LowerPrecision, OtherwiseValuesBetweenLayersAreBfloat16) {
  for (const auto& [activation, weight] : {std::pair("Relu", "1"), {"Relu6", "700"}}) {
    const std::string before = fmt::format(R"(graph(%x: float32[1,4,4,8]) {{
      %w1 = Const() {{value=float32[1,1,8,8]{{all 1}}}}
      %a = Conv2D(%x, %w1) {{activation={}}}
      %w2 = Const() {{value=float32[3,3,8,1]{{all {}}}}}
      %b = DepthwiseConv2D(%a, %w2) {{padding=SAME}}
      return b=%b
    }})",
                                           activation, weight);
    Graph graph = parse_graph(before);
    EXPECT_TRUE(to_bfloat16(graph, test_context()));
    const Node& last = *graph.producer(graph.outputs()[0].value);
    EXPECT_FALSE(last.as<DepthwiseConv2D>()->float16_accumulation);
    EXPECT_EQ(graph.value(last.inputs[0]).type.dtype, DType::kBFloat16) << activation << weight;
  }
}

// 6 / 255
TEST(LowerPrecision, ActivationsBoundUint8) {
  expect_pass(to_uint8, kNetwork, R"(graph(%x: float32[1,4,4,3]) {
    %w1 = Const() {value=float32[1,1,3,8]{all 1}}
    %a = Conv2D(%x, %w1) {activation=Relu6, result=uint8, out_scale=0.023529412}
    %w2 = Const() {value=float32[3,3,8,1]{all 1}}
    %b = DepthwiseConv2D(%a, %w2) {padding=SAME, activation=Relu6, result=uint8,
                                   in_scale=0.023529412, out_scale=0.023529412}
    %w3 = Const() {value=float32[1,1,8,2]{all 1}}
    %c = Conv2D(%b, %w3) {result=float32, in_scale=0.023529412}
    %d = Unary(%c) {kind=Sigmoid}
    return d=%d
  })");
}

// A value that others read too stays as it is; the layers read a copy of few bits, made once.
TEST(LowerPrecision, ValuesWithOtherReadersAreConverted) {
  expect_pass(to_bfloat16, R"(graph(%x: float32[1,4,4,8]) {
    %w = Const() {value=float32[1,1,8,8]{all 1}}
    %a = Conv2D(%x, %w)
    %b = Conv2D(%x, %w)
    %c = Binary(%a, %b)
    return c=%c, x=%x
  })",
              R"(graph(%x: float32[1,4,4,8]) {
    %n = Cast(%x) {dtype=bfloat16}
    %w = Const() {value=float32[1,1,8,8]{all 1}}
    %a = Conv2D(%n, %w) {result=float32}
    %b = Conv2D(%n, %w) {result=float32}
    %c = Binary(%a, %b)
    return c=%c, x=%x
  })");
}

TEST(LowerPrecision, UnknownRangesStayFloat32) {
  expect_unchanged(to_uint8, R"(graph(%x: float32[1,4,4,8]) {
    %w = Const() {value=float32[1,1,8,8]{all 1}}
    %a = Conv2D(%x, %w) {activation=Relu}
    %b = Conv2D(%a, %w)
    return b=%b
  })");
}

TEST(LowerPrecision, CalibratedRangesHaveZeroAsALevel) {
  Graph graph = parse_graph(R"(graph(%x: float32[1,4,4,8]) {
    %w = Const() {value=float32[1,1,8,8]{all 1}}
    %a = Conv2D(%x, %w) "a"
    %b = Conv2D(%a, %w) "b"
    return b=%b
  })");
  Calibration calibration;
  calibration.ranges["a"] = {-1, 4.1F, {}, {}};
  PassContext context = test_context();
  context.precision = DType::kUInt8;
  context.calibration = &calibration;
  EXPECT_TRUE(lower_precision(graph, context));
  const auto& last = *graph.produced_by<Conv2D>(graph.outputs()[0].value);
  EXPECT_FLOAT_EQ(last.in_scale, 5.1F / 255);
  EXPECT_EQ(last.in_zero, 50);
  const Tensor x = random_tensor(DType::kFloat32, {1, 4, 4, 8}, 1);
  EXPECT_EQ(interpret(graph, {x})[0].dtype(), DType::kFloat32);
}

}  // namespace
}  // namespace thaw
