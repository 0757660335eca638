#include "passes/lower_precision.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

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

Graph lowered(const std::string& text, const Calibration& calibration = {}) {
  Graph graph = parse_graph(text);
  PassContext context = test_context();
  context.precision = DType::kUInt8;
  context.calibration = &calibration;
  lower_precision(graph, context);
  return graph;
}

float largest_difference(const Tensor& a, const Tensor& b) {
  float most = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i)
    most = std::max(most, std::fabs(a.data<float>()[i] - b.data<float>()[i]));
  return most;
}

TEST(LowerPrecision, LayersThatStayWideTakeAndGiveFloat32) {
  Calibration calibration;
  calibration.wide = {"second"};
  const Graph graph = lowered(kNetwork, calibration);
  size_t wide = 0;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.name != "second") continue;
    EXPECT_EQ(graph.value(node.inputs[0]).type.dtype, DType::kFloat32);
    ++wide;
  }
  EXPECT_EQ(wide, 1U);
  const auto& last = *graph.produced_by<Unary>(graph.outputs()[0].value);
  EXPECT_EQ(last.kind, UnaryKind::kSigmoid);
}

// The channels differ by a factor of 1000: with one range for both the small one is all zeros.
TEST(LowerPrecision, ChannelsOfDepthwiseInputsUseAllLevels) {
  const std::string text = R"(graph(%x: float32[1,1,500,5]) {
    %w = Const() {value=float32[1,1,5,5]{1,0.001,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}}
    %a = Conv2D(%x, %w) {activation=Relu6} "a"
    %d = Const() {value=float32[1,1,5,2]{1,2,1000,3,1,1,1,1,1,1}}
    %b = DepthwiseConv2D(%a, %d) "b"
    return b=%b
  })";
  Calibration calibration;
  calibration.ranges["a"] = {0, 1, "", {}};
  Tensor x = Tensor::zeros(DType::kFloat32, {1, 1, 500, 5});
  for (int64_t i = 0; i < 500; ++i) x.data<float>()[i * 5] = static_cast<float>(i) / 499;
  const Tensor want = interpret(parse_graph(text), {x})[0];
  EXPECT_GT(largest_difference(interpret(lowered(text, calibration), {x})[0], want), 0.4F);
  calibration.ranges["a"].channels = {{0, 1}, {0, 0.001F}, {0, 1}, {0, 1}, {0, 1}};
  EXPECT_LT(largest_difference(interpret(lowered(text, calibration), {x})[0], want), 0.02F);
}

constexpr const char* kFakes = R"(graph(%x: float32[1,1,500,5]) {
    %w = Const() {value=float32[1,1,5,5]{all 0.5}}
    %low = Const() {value=float32[]{-1}}
    %high = Const() {value=float32[]{3}}
    %a = Conv2D(%x, %w) "a"
    %f = FakeQuant(%a, %low, %high) {num_bits=BITS} "f"
    %b = Conv2D(%f, %w) "b"
    return b=%b OTHER
  })";

std::string fakes(const char* bits, const char* other) {
  std::string text = kFakes;
  text.replace(text.find("BITS"), 4, bits);
  return text.replace(text.find("OTHER"), 5, other);
}

size_t count_fakes(const Graph& graph) {
  size_t count = 0;
  for (NodeId id = 0; id < graph.num_nodes(); ++id)
    count += graph.node(id).alive && graph.node(id).as<FakeQuant>() ? 1 : 0;
  return count;
}

// The node goes where its levels are uint8's and nobody else reads it; its range is what counts,
// whatever a calibration says.
TEST(LowerPrecision, FakeQuantSaysTheRange) {
  Calibration calibration;
  calibration.ranges["a"] = {0, 100, "", {}};
  Tensor x = Tensor::empty(DType::kFloat32, {1, 1, 500, 5});
  for (int64_t i = 0; i < 2500; ++i) x.data<float>()[i] = static_cast<float>(i % 991) / 400 - 1;
  for (const auto& [bits, other, left] :
       {std::tuple("8", "", 0U), {"8", ", f=%f", 1U}, {"6", "", 1U}}) {
    const std::string text = fakes(bits, other);
    const Graph graph = lowered(text, calibration);
    EXPECT_EQ(count_fakes(graph), left) << bits << other;
    const auto& last = *graph.produced_by<Conv2D>(graph.outputs()[0].value);
    const float levels = std::string(bits) == "8" ? 255 : 63;
    EXPECT_NEAR(last.in_scale, 4 / levels, 1e-6F);
    EXPECT_NEAR(static_cast<float>(last.in_zero), levels / 4, 0.51F);
    const Tensor want = interpret(parse_graph(text), {x})[0];
    EXPECT_LT(largest_difference(interpret(graph, {x})[0], want), 0.05F) << bits << other;
  }
  // More levels than a byte has.
  const Graph wide = lowered(fakes("16", ""));
  EXPECT_EQ(wide.produced_by<Conv2D>(wide.outputs()[0].value)->result, DType::kInvalid);
}

TEST(LowerPrecision, QuantizeDequantizeSaysTheRange) {
  const std::string text = R"(graph(%x: float32[1,4,4,8]) {
    %low = Const() {value=float32[]{-2}}
    %high = Const() {value=float32[]{1.5}}
    %q = QuantizeDequantize(%x, %low, %high) {range_given=true}
    %p = Pool(%q) {window=[2,2], strides=[2,2], padding=VALID}
    %w = Const() {value=float32[1,1,8,8]{all 1}}
    %b = Conv2D(%p, %w)
    return b=%b
  })";
  const Graph graph = lowered(text);
  const auto& last = *graph.produced_by<Conv2D>(graph.outputs()[0].value);
  EXPECT_FLOAT_EQ(last.in_scale, 2 / 128.0F);
  EXPECT_EQ(last.in_zero, 128);
  const Tensor x = random_tensor(DType::kFloat32, {1, 4, 4, 8}, 1);
  EXPECT_LT(largest_difference(interpret(graph, {x})[0], interpret(parse_graph(text), {x})[0]),
            1e-4F);
}

}  // namespace
}  // namespace thaw
