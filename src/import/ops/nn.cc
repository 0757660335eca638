// TF's neural network layers.
#include "import/op_table.h"
#include "import/ops/layout_nchw.h"
#include "import/ops/window.h"

namespace thaw {
namespace {

template <class T>
Outputs convolution(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const bool nchw = is_nchw(ctx);
  T op;
  set_window(op, read_window(ctx, nchw));
  if (!nchw) return {ctx.add(op, ctx.inputs())};
  return {to_nchw(ctx, ctx.add(op, {to_nhwc(ctx, ctx.input(0)), ctx.input(1)}))};
}

Outputs pool_of(NodeContext& ctx, const Pool& op, bool nchw) {
  if (!nchw) return {ctx.add(op, {ctx.input(0)})};
  return {to_nchw(ctx, ctx.add(op, {to_nhwc(ctx, ctx.input(0))}))};
}

template <PoolKind kind>
Outputs pool(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const bool nchw = is_nchw(ctx);
  Pool op;
  set_window(op, read_window(ctx, nchw));
  op.kind = kind;
  op.window = spatial(ctx, "ksize", ctx.ints_attr("ksize"), nchw);
  return pool_of(ctx, op, nchw);
}

// ksize and strides are inputs, which must be constants here.
Outputs max_pool_v2(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const Tensor* ksize = ctx.constant(1);
  const Tensor* strides = ctx.constant(2);
  if (!ksize || !strides || !is_integer(ksize->dtype()) || !is_integer(strides->dtype()))
    ctx.fail("expected constant integers as ksize and strides");
  const bool nchw = is_nchw(ctx);
  const std::string padding = ctx.string_attr("padding");
  if (padding != "SAME" && padding != "VALID")
    ctx.fail("attribute 'padding': expected SAME or VALID, found '" + padding + "'");
  Pool op;
  op.kind = PoolKind::kMax;
  op.padding = padding == "SAME" ? Padding::kSame : Padding::kValid;
  op.window = spatial(ctx, "ksize", ksize->ints(), nchw);
  op.strides = spatial(ctx, "strides", strides->ints(), nchw);
  return pool_of(ctx, op, nchw);
}

// Outputs: y, mean, variance, and what training alone reads.
Outputs fused_batch_norm(NodeContext& ctx) {
  ctx.expect_inputs(5);
  const bool nchw = is_nchw(ctx);
  BatchNorm op;
  op.epsilon = ctx.float_attr("epsilon", 1e-4F);
  op.training = ctx.bool_attr("is_training", true);
  std::vector<ValueId> inputs = ctx.inputs();
  if (nchw) inputs[0] = to_nhwc(ctx, inputs[0]);
  ValueId y = ctx.add(op, std::move(inputs));
  if (nchw) y = to_nchw(ctx, y);
  if (op.training) return {y, kNone, kNone, kNone, kNone, kNone};
  return {y, ctx.input(3), ctx.input(4), kNone, kNone, kNone};
}

// (t, mean, variance, beta, gamma): the batch norm of 2016.
Outputs batch_norm_global(NodeContext& ctx) {
  ctx.expect_inputs(5);
  BatchNorm op;
  op.epsilon = ctx.float_attr("variance_epsilon");
  ValueId scale = ctx.input(4);
  if (!ctx.bool_attr("scale_after_normalization"))
    scale = ctx.add(Unary{UnaryKind::kOnesLike}, {scale});
  return {ctx.add(op, {ctx.input(0), scale, ctx.input(3), ctx.input(1), ctx.input(2)})};
}

Outputs mat_mul(NodeContext& ctx) {
  ctx.expect_inputs(2);
  MatMul op;
  op.transpose_a = ctx.bool_attr("transpose_a", false);
  op.transpose_b = ctx.bool_attr("transpose_b", false);
  return {ctx.add(op, ctx.inputs())};
}

// The adjoint of a real matrix is its transpose.
Outputs batch_mat_mul(NodeContext& ctx) {
  ctx.expect_inputs(2);
  MatMul op;
  op.transpose_a = ctx.bool_attr("adj_x", false);
  op.transpose_b = ctx.bool_attr("adj_y", false);
  return {ctx.add(op, ctx.inputs())};
}

template <bool log>
Outputs softmax(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Softmax{log}, ctx.inputs())};
}

Outputs lrn(NodeContext& ctx) {
  ctx.expect_inputs(1);
  LocalResponseNorm op;
  op.depth_radius = ctx.int_attr("depth_radius", 5);
  op.bias = ctx.float_attr("bias", 1.0F);
  op.alpha = ctx.float_attr("alpha", 1.0F);
  op.beta = ctx.float_attr("beta", 0.5F);
  if (op.depth_radius < 0)
    ctx.fail("attribute 'depth_radius': expected 0 or more, found " +
             std::to_string(op.depth_radius));
  return {ctx.add(op, ctx.inputs())};
}

}  // namespace

const std::vector<OpRow>& nn_ops() {
  static const std::vector<OpRow> rows = {
      {"AvgPool", pool<PoolKind::kAverage>},
      {"BatchMatMul", batch_mat_mul},
      {"BatchMatMulV2", batch_mat_mul},
      {"BatchNormWithGlobalNormalization", batch_norm_global},
      {"Conv2D", convolution<Conv2D>},
      {"DepthwiseConv2dNative", convolution<DepthwiseConv2D>},
      {"FusedBatchNorm", fused_batch_norm},
      {"FusedBatchNormV2", fused_batch_norm},
      {"FusedBatchNormV3", fused_batch_norm},
      {"LRN", lrn},
      {"LogSoftmax", softmax<true>},
      {"MatMul", mat_mul},
      {"MaxPool", pool<PoolKind::kMax>},
      {"MaxPoolV2", max_pool_v2},
      {"Softmax", softmax<false>},
  };
  return rows;
}

}  // namespace thaw
