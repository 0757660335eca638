#include "passes/fuse_separable.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/lower_precision.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FuseSeparable, DepthwiseAndPointwise) {
  expect_pass(fuse_separable, R"(graph(%x: float32[1,4,4,2]) {
    %w1 = Const() {value=float32[3,3,2,1]{all 1}}
    %b1 = Const() {value=float32[2]{1,2}}
    %a = DepthwiseConv2D(%x, %w1, %b1) {strides=[2,2], padding=SAME, activation=Relu6}
    %w2 = Const() {value=float32[1,1,2,3]{all 1}}
    %y = Conv2D(%a, %w2) {padding=SAME, activation=Relu}
    return y=%y
  })",
              R"(graph(%x: float32[1,4,4,2]) {
    %w1 = Const() {value=float32[3,3,2,1]{all 1}}
    %b1 = Const() {value=float32[2]{1,2}}
    %w2 = Const() {value=float32[1,1,2,3]{all 1}}
    %b2 = Const() {value=float32[3]{all 0}}
    %y = SeparableConv2D(%x, %w1, %b1, %w2, %b2) {strides=[2,2], padding=SAME,
                         mid_activation=Relu6, activation=Relu}
    return y=%y
  })");
}

TEST(FuseSeparable, NotWhereOthersReadTheIntermediate) {
  expect_unchanged(fuse_separable, R"(graph(%x: float32[1,4,4,2]) {
    %w1 = Const() {value=float32[3,3,2,1]{all 1}}
    %a = DepthwiseConv2D(%x, %w1) {padding=SAME}
    %w2 = Const() {value=float32[1,1,2,3]{all 1}}
    %y = Conv2D(%a, %w2)
    return y=%y, a=%a
  })");
}

TEST(FuseSeparable, NotWithStridesOrAMultiplier) {
  expect_unchanged(fuse_separable, R"(graph(%x: float32[1,4,4,2]) {
    %w1 = Const() {value=float32[3,3,2,1]{all 1}}
    %a = DepthwiseConv2D(%x, %w1) {padding=SAME}
    %w2 = Const() {value=float32[1,1,2,3]{all 1}}
    %y = Conv2D(%a, %w2) {strides=[2,2]}
    %w3 = Const() {value=float32[3,3,2,2]{all 1}}
    %b = DepthwiseConv2D(%x, %w3) {padding=SAME}
    %w4 = Const() {value=float32[1,1,4,3]{all 1}}
    %z = Conv2D(%b, %w4)
    return y=%y, z=%z
  })");
}

// Whatever the numbers, the fused layer gives what the two gave.
TEST(FuseSeparable, SameResultsInFewBits) {
  for (const DType precision :
       {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kUInt8}) {
    Graph graph = parse_graph(R"(graph(%x: float32[2,7,6,3]) {
      %w0 = Const() {value=float32[1,1,3,4]{1,-2,3,4,5,-6,7,8,9,1,2,3}}
      %f = Conv2D(%x, %w0) {activation=Relu6}
      %w1 = Const() {value=float32[3,3,4,1]{all 0.25}}
      %a = DepthwiseConv2D(%f, %w1) {strides=[2,2], padding=SAME, activation=Relu6}
      %w2 = Const() {value=float32[1,1,4,2]{1,-2,3,-4,5,6,-7,8}}
      %y = Conv2D(%a, %w2)
      return y=%y
    })");
    PassContext context = test_context();
    context.precision = precision;
    lower_precision(graph, context);
    const Tensor x = random_tensor(DType::kFloat32, {2, 7, 6, 3}, 3);
    const Tensor before = interpret(graph, {x})[0];
    EXPECT_TRUE(fuse_separable(graph, context));
    EXPECT_NE(graph.produced_by<SeparableConv2D>(graph.outputs()[0].value), nullptr);
    expect_close(interpret(graph, {x})[0], before, 1e-6F);
  }
}

}  // namespace
}  // namespace thaw
