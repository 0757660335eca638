#include "passes/fuse_resize_affine.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

constexpr const char* kPreprocessor = R"(graph(%x: uint8[1,?,?,3]) {
  %size = Const() {value=int32[2]{6,5}}
  %scale = Const() {value=float32[]{0.0078431377}}
  %one = Const() {value=float32[]{1}}
  %1 = Cast(%x) {dtype=float32}
  %2 = Resize(%1, %size)
  %3 = Binary(%scale, %2) {kind=Mul}
  %4 = Binary(%3, %one) {kind=Sub}
  return y=%4
})";

TEST(FuseResizeAffine, Preprocessor) {
  expect_pass(fuse_resize_affine, kPreprocessor, R"(graph(%x: uint8[1,?,?,3]) {
    %1 = ResizeAffine(%x) {height=6, width=5, scale=0.0078431377, offset=-1}
    return y=%1
  })");
}

TEST(FuseResizeAffine, OnlyScaleOrOffset) {
  expect_pass(fuse_resize_affine, R"(graph(%x: uint8[1,?,?,3]) {
    %size = Const() {value=int32[2]{6,5}}
    %two = Const() {value=float32[]{2}}
    %1 = Resize(%x, %size) {align_corners=true}
    %2 = Binary(%1, %two) {kind=Mul}
    %3 = Resize(%x, %size) {half_pixel_centers=true}
    %4 = Binary(%3, %two)
    return a=%2, b=%4
  })",
              R"(graph(%x: uint8[1,?,?,3]) {
    %2 = ResizeAffine(%x) {height=6, width=5, align_corners=true, scale=2}
    %4 = ResizeAffine(%x) {height=6, width=5, half_pixel_centers=true, offset=2}
    return a=%2, b=%4
  })");
}

TEST(FuseResizeAffine, PictureOfTheRightSize) {
  expect_pass(fuse_resize_affine, R"(graph(%x: uint8[?,6,5,3]) {
    %two = Const() {value=float32[]{2}}
    %1 = Cast(%x) {dtype=float32}
    %2 = Binary(%1, %two) {kind=Mul}
    return a=%2
  })",
              R"(graph(%x: uint8[?,6,5,3]) {
    %2 = ResizeAffine(%x) {height=6, width=5, scale=2}
    return a=%2
  })");
}

TEST(FuseResizeAffine, NothingToTakeInLeavesTheCastOut) {
  expect_pass(fuse_resize_affine, R"(graph(%x: uint8[1,?,?,3], %s: int32[2]) {
    %means = Const() {value=float32[3]{1,2,3}}
    %0 = Cast(%x) {dtype=float32}
    %1 = Resize(%0, %s) {half_pixel_centers=true}
    %2 = Binary(%1, %means) {kind=Sub}
    return a=%2
  })",
              R"(graph(%x: uint8[1,?,?,3], %s: int32[2]) {
    %means = Const() {value=float32[3]{1,2,3}}
    %1 = Resize(%x, %s) {half_pixel_centers=true}
    %2 = Binary(%1, %means) {kind=Sub}
    return a=%2
  })");
  expect_unchanged(fuse_resize_affine,
                   R"(graph(%x: int32[1,?,?,3], %y: uint8[1,?,?,3], %s: int32[2]) {
    %0 = Cast(%x) {dtype=float32}
    %1 = Resize(%0, %s)
    %2 = Cast(%y) {dtype=float32}
    %3 = Resize(%2, %s) {method=Nearest}
    return a=%1, b=%3
  })");
}

TEST(FuseResizeAffine, LeavesOtherForms) {
  // Nearest, offsets by channel, constant - x, a second reader, an unknown size.
  expect_unchanged(fuse_resize_affine, R"(graph(%x: uint8[1,?,?,3], %s: int32[2]) {
    %size = Const() {value=int32[2]{6,5}}
    %two = Const() {value=float32[]{2}}
    %means = Const() {value=float32[3]{1,2,3}}
    %0 = Cast(%x) {dtype=float32}
    %1 = Resize(%0, %size) {method=Nearest}
    %2 = Binary(%1, %two) {kind=Mul}
    %3 = Resize(%x, %size)
    %4 = Binary(%3, %means) {kind=Sub}
    %5 = Resize(%x, %size) {align_corners=true}
    %6 = Binary(%two, %5) {kind=Sub}
    %7 = Resize(%x, %size) {half_pixel_centers=true}
    %8 = Binary(%7, %two) {kind=Mul}
    %9 = Resize(%x, %s)
    %10 = Binary(%9, %two) {kind=Mul}
    return a=%2, b=%4, c=%6, d=%7, e=%8, f=%10
  })");
}

TEST(FuseResizeAffine, KeepsEveryBit) {
  Graph g = parse_graph(kPreprocessor);
  const std::vector<Tensor> inputs{random_tensor(DType::kUInt8, {1, 11, 13, 3}, 3)};
  const Tensor expected = interpret(g, inputs)[0];
  EXPECT_TRUE(fuse_resize_affine(g, test_context()));
  expect_close(interpret(g, inputs)[0], expected, 0);
}

}  // namespace
}  // namespace thaw
