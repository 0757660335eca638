#include "passes/merge_heads.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/lower_precision.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(MergeHeads, BoxesAndClasses) {
  expect_pass(merge_heads, R"(graph(%x: float32[1,4,4,2]) {
    %w1 = Const() {value=float32[3,3,2,5]{all 1}}
    %b1 = Const() {value=float32[5]{1,2,3,4,5}}
    %boxes = Conv2D(%x, %w1, %b1) {padding=SAME}
    %w2 = Const() {value=float32[3,3,2,3]{all 2}}
    %classes = Conv2D(%x, %w2) {padding=SAME}
    %z = Unary(%classes) {kind=Sigmoid}
    return boxes=%boxes, z=%z
  })",
              R"(graph(%x: float32[1,4,4,2]) {
    %w1 = Const() {value=float32[3,3,2,5]{all 1}}
    %b1 = Const() {value=float32[5]{1,2,3,4,5}}
    %w2 = Const() {value=float32[3,3,2,3]{all 2}}
    %b2 = Const() {value=float32[3]{all 0}}
    %boxes, %classes = ConvHeads(%x, %w1, %b1, %w2, %b2) {padding=SAME}
    %z = Unary(%classes) {kind=Sigmoid}
    return boxes=%boxes, z=%z
  })");
}

TEST(MergeHeads, NotWhereTheyDiffer) {
  expect_unchanged(merge_heads, R"(graph(%x: float32[1,4,4,2], %w: float32[1,1,2,3]) {
    %w1 = Const() {value=float32[1,1,2,5]{all 1}}
    %a = Conv2D(%x, %w1) {padding=SAME}
    %b = Conv2D(%x, %w1) {padding=SAME, activation=Relu}
    %c = Conv2D(%x, %w1) {padding=SAME, strides=[2,2]}
    %w2 = Const() {value=float32[3,3,2,5]{all 1}}
    %d = Conv2D(%x, %w2) {padding=SAME}
    %w3 = Const() {value=float32[1,1,1,4]{all 1}}
    %e = Conv2D(%x, %w3) {padding=SAME}
    %f = Conv2D(%x, %w) {padding=SAME}
    %g = Conv2D(%e, %w1) {padding=SAME}
    return a=%a, b=%b, c=%c, d=%d, f=%f, e=%e
  })");
}

// Whatever the numbers, the merged layer gives what each gave.
TEST(MergeHeads, SameResultsInFewBits) {
  for (const DType precision :
       {DType::kFloat32, DType::kFloat16, DType::kBFloat16, DType::kUInt8}) {
    Graph graph = parse_graph(R"(graph(%x: float32[2,7,6,3]) {
      %w0 = Const() {value=float32[1,1,3,5]{1,-2,3,4,5,-6,7,8,9,1,2,3,4,-5,6}}
      %f = Conv2D(%x, %w0) {activation=Relu6}
      %w1 = Const() {value=float32[1,1,5,2]{1,-2,3,-4,5,6,-7,8,9,1}}
      %a = Conv2D(%f, %w1)
      %w2 = Const() {value=float32[1,1,5,3]{1,-2,3,4,5,-6,7,8,9,1,2,3,4,-5,6}}
      %b2 = Const() {value=float32[3]{1,2,3}}
      %b = Conv2D(%f, %w2, %b2)
      return a=%a, b=%b
    })");
    PassContext context = test_context();
    context.precision = precision;
    lower_precision(graph, context);
    const Tensor x = random_tensor(DType::kFloat32, {2, 7, 6, 3}, 3);
    const std::vector<Tensor> before = interpret(graph, {x});
    EXPECT_TRUE(merge_heads(graph, context));
    const std::vector<Tensor> after = interpret(graph, {x});
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_NE(graph.produced_by<ConvHeads>(graph.outputs()[i].value), nullptr);
      EXPECT_TRUE(identical(after[i], before[i]));
    }
  }
}

}  // namespace
}  // namespace thaw
