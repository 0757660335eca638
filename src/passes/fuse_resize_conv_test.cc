#include "passes/fuse_resize_conv.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FuseResizeConv, PreprocessingAndFirstLayer) {
  expect_pass(fuse_resize_conv, R"(graph(%x: uint8[1,8,8,3]) {
    %r = ResizeAffine(%x) {height=4, width=4, scale=0.0078431377, offset=-1}
    %w = Const() {value=float32[3,3,3,2]{all 1}}
    %y = Conv2D(%r, %w) {strides=[2,2], padding=SAME, activation=Relu6, result=bfloat16}
    return y=%y
  })",
              R"(graph(%x: uint8[1,8,8,3]) {
    %w = Const() {value=float32[3,3,3,2]{all 1}}
    %b = Const() {value=float32[2]{all 0}}
    %y = ResizeConv2D(%x, %w, %b) {height=4, width=4, scale=0.0078431377, offset=-1,
                      strides=[2,2], padding=SAME, activation=Relu6, result=bfloat16}
    return y=%y
  })");
}

TEST(FuseResizeConv, NotWhereOthersReadThePicture) {
  expect_unchanged(fuse_resize_conv, R"(graph(%x: uint8[1,8,8,3]) {
    %r = ResizeAffine(%x) {height=4, width=4}
    %w = Const() {value=float32[3,3,3,2]{all 1}}
    %y = Conv2D(%r, %w)
    return y=%y, r=%r
  })");
}

TEST(FuseResizeConv, SameResults) {
  Graph graph = parse_graph(R"(graph(%x: uint8[2,9,7,3]) {
    %r = ResizeAffine(%x) {height=5, width=6, scale=0.5, offset=-1}
    %w = Const() {value=float32[2,2,3,1]{1,2,3,4,5,6,7,8,9,1,2,3}}
    %y = Conv2D(%r, %w) {padding=SAME, activation=Relu6}
    return y=%y
  })");
  const Tensor x = random_tensor(DType::kUInt8, {2, 9, 7, 3}, 3);
  const Tensor before = interpret(graph, {x})[0];
  EXPECT_TRUE(fuse_resize_conv(graph, test_context()));
  EXPECT_TRUE(identical(interpret(graph, {x})[0], before));
}

}  // namespace
}  // namespace thaw
