#include "passes/fuse_activation.h"

#include <gtest/gtest.h>

#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FuseActivation, IntoLayersAndSums) {
  expect_pass(fuse_activation, R"(graph(%x: float32[2,2], %w: float32[2,2]) {
    %1 = MatMul(%x, %w)
    %2 = Unary(%1) {kind=Relu}
    %3 = Binary(%2, %x)
    %4 = Unary(%3) {kind=Relu6}
    return y=%4
  })",
              R"(graph(%x: float32[2,2], %w: float32[2,2]) {
    %1 = MatMul(%x, %w) {activation=Relu}
    %3 = Binary(%1, %x) {activation=Relu6}
    return y=%3
  })");
}

TEST(FuseActivation, ClampIsRelu6) {
  expect_pass(fuse_activation, R"(graph(%x: float32[1,2,2,1], %w: float32[1,1,1,1]) {
    %zero = Const() {value=float32[]{0}}
    %six = Const() {value=float32[]{6}}
    %1 = Conv2D(%x, %w)
    %2 = Binary(%1, %zero) {kind=Maximum}
    %3 = Binary(%six, %2) {kind=Minimum}
    return y=%3
  })",
              R"(graph(%x: float32[1,2,2,1], %w: float32[1,1,1,1]) {
    %1 = Conv2D(%x, %w) {activation=Relu6}
    return y=%1
  })");
}

TEST(FuseActivation, DifferenceOfRelus) {
  expect_pass(fuse_activation, R"(graph(%x: float32[1,2,2,1], %w: float32[1,1,1,1]) {
    %six = Const() {value=float32[]{6}}
    %1 = DepthwiseConv2D(%x, %w)
    %2 = Unary(%1) {kind=Relu}
    %3 = Binary(%1, %six) {kind=Sub}
    %4 = Unary(%3) {kind=Relu}
    %5 = Binary(%2, %4) {kind=Sub}
    %6 = Binary(%x, %x)
    return y=%5, z=%6
  })",
              R"(graph(%x: float32[1,2,2,1], %w: float32[1,1,1,1]) {
    %1 = DepthwiseConv2D(%x, %w) {activation=Relu6}
    %6 = Binary(%x, %x)
    return y=%1, z=%6
  })");
}

TEST(FuseActivation, LeavesOtherClampsAndSecondReaders) {
  expect_unchanged(fuse_activation, R"(graph(%x: float32[2,2], %w: float32[2,2]) {
    %one = Const() {value=float32[]{1}}
    %zeros = Const() {value=float32[1,2,2]{0,0,0,0}}
    %1 = Binary(%x, %one) {kind=Maximum}
    %2 = Binary(%x, %zeros) {kind=Maximum}
    %3 = MatMul(%x, %w)
    %4 = Unary(%3) {kind=Relu}
    %5 = Binary(%x, %w) {kind=Mul}
    %6 = Unary(%5) {kind=Relu}
    return a=%1, b=%2, c=%3, d=%4, e=%6
  })");
}

}  // namespace
}  // namespace thaw
