// The fused nodes that TensorFlow's own optimiser leaves in graphs saved after it ran.
#include "import/op_outputs.h"
#include "import/op_table.h"
#include "import/ops/layout_nchw.h"
#include "import/ops/window.h"

namespace thaw {
namespace {

// Applies the attribute fused_ops to `x`, taking their arguments from input 2 on.
ValueId apply_fused(NodeContext& ctx, ValueId x) {
  const tf::AttrValue* fused = find_attr(ctx.def(), "fused_ops");
  if (!fused || !fused->has_list()) ctx.fail("attribute 'fused_ops' (a list) is missing");
  size_t next = 2;
  for (const std::string& step : fused->list().s()) {
    if (step == "BiasAdd") {
      x = ctx.add(Binary{}, {x, ctx.input(next++)});
    } else if (step == "FusedBatchNorm") {
      BatchNorm op;
      op.epsilon = ctx.float_attr("epsilon", 1e-4F);
      const std::vector<ValueId> args = ctx.inputs(next, 4);
      x = ctx.add(op, {x, args[0], args[1], args[2], args[3]});
      next += 4;
    } else if (step == "Add") {
      x = ctx.add(Binary{}, {x, ctx.input(next++)});
    } else if (step == "Relu") {
      x = ctx.add(Unary{UnaryKind::kRelu}, {x});
    } else if (step == "Relu6") {
      x = ctx.add(Unary{UnaryKind::kRelu6}, {x});
    } else if (step == "Elu") {
      x = ctx.add(Unary{UnaryKind::kElu}, {x});
    } else {
      ctx.fail("attribute 'fused_ops': '" + step + "' is not supported");
    }
  }
  return x;
}

template <class T>
Outputs fused_convolution(NodeContext& ctx) {
  ctx.expect_inputs(2, SIZE_MAX);
  const bool nchw = is_nchw(ctx);
  T op;
  set_window(op, read_window(ctx, nchw));
  const ValueId x = nchw ? to_nhwc(ctx, ctx.input(0)) : ctx.input(0);
  const ValueId y = apply_fused(ctx, ctx.add(op, {x, ctx.input(1)}));
  return {nchw ? to_nchw(ctx, y) : y};
}

Outputs fused_mat_mul(NodeContext& ctx) {
  ctx.expect_inputs(2, SIZE_MAX);
  MatMul op;
  op.transpose_a = ctx.bool_attr("transpose_a", false);
  op.transpose_b = ctx.bool_attr("transpose_b", false);
  return {apply_fused(ctx, ctx.add(op, {ctx.input(0), ctx.input(1)}))};
}

}  // namespace

const std::vector<OpRow>& fused_ops() {
  static const std::vector<OpRow> rows = {
      {"_FusedConv2D", fused_convolution<Conv2D>},
      {"_FusedDepthwiseConv2dNative", fused_convolution<DepthwiseConv2D>},
      {"_FusedMatMul", fused_mat_mul},
  };
  return rows;
}

}  // namespace thaw
