#include "passes/fold_batch_norm.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/fuse_bias.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FoldBatchNorm, IntoConvolution) {
  expect_pass(fold_batch_norm, R"(graph(%x: float32[1,?,?,1]) {
    %w = Const() {value=float32[1,1,1,2]{1,2}}
    %y = Conv2D(%x, %w) {padding=SAME}
    %scale = Const() {value=float32[2]{3,4}}
    %offset = Const() {value=float32[2]{10,20}}
    %mean = Const() {value=float32[2]{1,2}}
    %variance = Const() {value=float32[2]{3.75,0}}
    %z = BatchNorm(%y, %scale, %offset, %mean, %variance) {epsilon=0.25}
    return z=%z
  })",
              R"(graph(%x: float32[1,?,?,1]) {
    %w = Const() {value=float32[1,1,1,2]{1.5,16}}
    %b = Const() {value=float32[2]{8.5,4}}
    %y = Conv2D(%x, %w, %b) {padding=SAME}
    return z=%y
  })");
}

TEST(FoldBatchNorm, ProductIntoDepthwiseWithBias) {
  expect_pass(fold_batch_norm, R"(graph(%x: float32[1,2,2,2]) {
    %w = Const() {value=float32[1,1,2,2]{1,2,3,4}}
    %b = Const() {value=float32[4]{1,1,2,2}}
    %y = DepthwiseConv2D(%x, %w, %b)
    %m = Const() {value=float32[4]{1,10,100,1000}}
    %z = Binary(%y, %m) {kind=Mul, activation=Relu}
    return z=%z
  })",
              R"(graph(%x: float32[1,2,2,2]) {
    %w = Const() {value=float32[1,1,2,2]{1,20,300,4000}}
    %b = Const() {value=float32[4]{1,10,200,2000}}
    %y = DepthwiseConv2D(%x, %w, %b) {activation=Relu}
    return z=%y
  })");
}

TEST(FoldBatchNorm, AloneBecomesProductAndSum) {
  expect_pass(fold_batch_norm, R"(graph(%x: float32[1,2,2,1]) {
    %scale = Const() {value=float32[1]{3}}
    %offset = Const() {value=float32[1]{10}}
    %mean = Const() {value=float32[1]{1}}
    %variance = Const() {value=float32[1]{3.75}}
    %z = BatchNorm(%x, %scale, %offset, %mean, %variance) {epsilon=0.25}
    return z=%z
  })",
              R"(graph(%x: float32[1,2,2,1]) {
    %m = Const() {value=float32[1]{1.5}}
    %y = Binary(%x, %m) {kind=Mul}
    %b = Const() {value=float32[1]{8.5}}
    %z = Binary(%y, %b)
    return z=%z
  })");
}

TEST(FoldBatchNorm, LeavesTrainingAndLayersThatAreReadTwice) {
  expect_unchanged(fold_batch_norm, R"(graph(%x: float32[1,2,2,1]) {
    %v = Const() {value=float32[1]{3}}
    %w = Const() {value=float32[1,1,1,1]{2}}
    %1 = BatchNorm(%x, %v, %v, %v, %v) {training=true}
    %2 = Conv2D(%x, %w)
    %3 = Binary(%2, %v) {kind=Mul}
    %4 = Conv2D(%x, %w) {activation=Relu}
    %5 = Binary(%4, %v) {kind=Mul}
    return a=%1, b=%2, c=%3, d=%5
  })");
}

// A normalisation written out, y = (conv(x) - mean) * scale + offset, gives the same numbers.
TEST(FoldBatchNorm, WrittenOutKeepsItsNumbers) {
  Graph g;
  const ValueId x = g.add_input("x", {DType::kFloat32, {2, 9, 9, 8}});
  const auto constant = [&g](const Shape& shape, unsigned seed) {
    return g.constant(random_tensor(DType::kFloat32, shape, seed));
  };
  Conv2D conv;
  conv.padding = Padding::kSame;
  ValueId y = g.add(conv, {x, constant({3, 3, 8, 16}, 1)});
  Binary op;
  unsigned seed = 2;
  for (BinaryKind kind : {BinaryKind::kSub, BinaryKind::kMul, BinaryKind::kAdd}) {
    op.kind = kind;
    y = g.add(op, {y, constant({16}, seed++)});
  }
  g.add_output("y", y);
  const std::vector<Tensor> inputs{random_tensor(DType::kFloat32, {2, 9, 9, 8}, 9)};
  const Tensor expected = interpret(g, inputs)[0];
  fuse_bias(g, test_context());
  fold_batch_norm(g, test_context());
  fuse_bias(g, test_context());
  EXPECT_NE(g.produced_by<Conv2D>(g.outputs()[0].value), nullptr);
  expect_close(interpret(g, inputs)[0], expected, 1e-5F);
}

}  // namespace
}  // namespace thaw
