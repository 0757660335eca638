#include "passes/fuse_bias.h"

#include <gtest/gtest.h>

#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FuseBias, AddAfterConvolution) {
  expect_pass(fuse_bias, R"(graph(%x: float32[1,4,4,2]) {
    %w = Const() {value=float32[1,1,2,2]{1,2,3,4}}
    %b = Const() {value=float32[1,1,1,2]{5,6}}
    %y = Conv2D(%x, %w) {strides=[2,2]}
    %z = Binary(%b, %y) {activation=Relu6}
    return z=%z
  })",
              R"(graph(%x: float32[1,4,4,2]) {
    %w = Const() {value=float32[1,1,2,2]{1,2,3,4}}
    %b = Const() {value=float32[2]{5,6}}
    %y = Conv2D(%x, %w, %b) {strides=[2,2], activation=Relu6}
    return z=%y
  })");
}

TEST(FuseBias, SubAfterMatMulWithBias) {
  expect_pass(fuse_bias, R"(graph(%x: float32[4,2], %w: float32[2,2]) {
    %b = Const() {value=float32[2]{5,6}}
    %y = MatMul(%x, %w, %b)
    %c = Const() {value=float32[]{1}}
    %z = Binary(%y, %c) {kind=Sub}
    return z=%z
  })",
              R"(graph(%x: float32[4,2], %w: float32[2,2]) {
    %b = Const() {value=float32[2]{4,5}}
    %y = MatMul(%x, %w, %b)
    return z=%y
  })");
}

TEST(FuseBias, InNestedGraphs) {
  expect_pass(fuse_bias, R"(graph(%p: bool[], %x: float32[4,2]) {
    %y = If(%p, %x) {then={ graph(%x: float32[4,2]) {
      %w = Const() {value=float32[2,2]{1,2,3,4}}
      %m = MatMul(%x, %w)
      %b = Const() {value=float32[2]{5,6}}
      %s = Binary(%m, %b)
      return s=%s } }, else={ graph(%x: float32[4,2]) { return x=%x } }}
    return y=%y
  })",
              R"(graph(%p: bool[], %x: float32[4,2]) {
    %y = If(%p, %x) {then={ graph(%x: float32[4,2]) {
      %w = Const() {value=float32[2,2]{1,2,3,4}}
      %b = Const() {value=float32[2]{5,6}}
      %m = MatMul(%x, %w, %b)
      return s=%m } }, else={ graph(%x: float32[4,2]) { return x=%x } }}
    return y=%y
  })");
}

TEST(FuseBias, LeavesWhatIsNoBias) {
  // c - y, a second reader, a vector over the wrong dimension, an activation in between.
  expect_unchanged(fuse_bias, R"(graph(%x: float32[2,2], %w: float32[2,2]) {
    %c = Const() {value=float32[2]{5,6}}
    %row = Const() {value=float32[2,1]{5,6}}
    %1 = MatMul(%x, %w)
    %2 = Binary(%c, %1) {kind=Sub}
    %3 = MatMul(%x, %w)
    %4 = Binary(%3, %c)
    %5 = MatMul(%x, %w)
    %6 = Binary(%5, %row)
    %7 = MatMul(%x, %w) {activation=Relu}
    %8 = Binary(%7, %c)
    return a=%2, b=%3, c=%4, d=%6, e=%8
  })");
}

}  // namespace
}  // namespace thaw
