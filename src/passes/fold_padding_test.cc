#include "passes/fold_padding.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FoldPadding, IntoValidConvolution) {
  expect_pass(fold_padding, R"(graph(%x: float32[?,?,?,3], %w: float32[3,3,3,8]) {
    %p = Const() {value=int32[4,2]{0,0,0,1,2,3,0,0}}
    %zero = Const() {value=float32[]{0}}
    %1 = Pad(%x, %p, %zero)
    %2 = Conv2D(%1, %w) {strides=[2,2]}
    return y=%2
  })",
              R"(graph(%x: float32[?,?,?,3], %w: float32[3,3,3,8]) {
    %2 = Conv2D(%x, %w) {strides=[2,2], padding=EXPLICIT, pads=[0,1,2,3]}
    return y=%2
  })");
}

TEST(FoldPadding, AddsToTheConvolutionsOwn) {
  expect_pass(fold_padding, R"(graph(%x: float32[1,4,6,3], %w: float32[3,3,3,1]) {
    %p = Const() {value=int32[4,2]{0,0,1,1,1,1,0,0}}
    %1 = Pad(%x, %p)
    %2 = DepthwiseConv2D(%1, %w) {strides=[2,2], padding=SAME}
    return y=%2
  })",
              R"(graph(%x: float32[1,4,6,3], %w: float32[3,3,3,1]) {
    %2 = DepthwiseConv2D(%x, %w) {strides=[2,2], padding=EXPLICIT, pads=[1,2,1,2]}
    return y=%2
  })");
}

TEST(FoldPadding, LeavesOtherPaddings) {
  // Of channels, with ones, by reflection, SAME of unknown size, before a pool.
  expect_unchanged(fold_padding, R"(graph(%x: float32[?,?,?,3], %w: float32[3,3,3,8]) {
    %p = Const() {value=int32[4,2]{0,0,1,1,1,1,0,0}}
    %c = Const() {value=int32[4,2]{0,0,0,0,0,0,1,2}}
    %one = Const() {value=float32[]{1}}
    %v = Const() {value=float32[3,3,6,1]{all 1}}
    %1 = Pad(%x, %c)
    %2 = Conv2D(%1, %v)
    %3 = Pad(%x, %p, %one)
    %4 = Conv2D(%3, %w)
    %5 = Pad(%x, %p) {mode=REFLECT}
    %6 = Conv2D(%5, %w)
    %7 = Pad(%x, %p)
    %8 = Conv2D(%7, %w) {padding=SAME}
    %9 = Pool(%7) {window=[2,2]}
    return a=%2, b=%4, c=%6, d=%8, e=%9
  })");
}

TEST(FoldPadding, KeepsEveryBit) {
  Graph g = parse_graph(R"(graph(%x: float32[1,7,5,3], %w: float32[3,3,3,4]) {
    %p = Const() {value=int32[4,2]{0,0,2,1,0,3,0,0}}
    %1 = Pad(%x, %p)
    %2 = Conv2D(%1, %w) {strides=[2,2], padding=SAME}
    return y=%2
  })");
  const std::vector<Tensor> inputs{random_tensor(DType::kFloat32, {1, 7, 5, 3}, 1),
                                   random_tensor(DType::kFloat32, {3, 3, 3, 4}, 2)};
  const Tensor expected = interpret(g, inputs)[0];
  EXPECT_TRUE(fold_padding(g, test_context()));
  expect_close(interpret(g, inputs)[0], expected, 0);
}

}  // namespace
}  // namespace thaw
