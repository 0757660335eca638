// TF's ops that move elements.
#include "import/op_table.h"
#include "import/ops/layout_nchw.h"

namespace thaw {
namespace {

// An op of the same inputs and no attributes.
template <class T, size_t count>
Outputs plain(NodeContext& ctx) {
  ctx.expect_inputs(count);
  return {ctx.add(T{}, ctx.inputs())};
}

// (axis, x...): ConcatV2 has the axis last.
Outputs concat(NodeContext& ctx) {
  ctx.expect_inputs(2, SIZE_MAX);
  std::vector<ValueId> inputs = ctx.inputs(1, ctx.num_inputs() - 1);
  inputs.push_back(ctx.input(0));
  return {ctx.add(Concat{}, std::move(inputs))};
}

Outputs concat_v2(NodeContext& ctx) {
  ctx.expect_inputs(2, SIZE_MAX);
  return {ctx.add(Concat{}, ctx.inputs())};
}

Outputs split(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return ctx.add_all(Split{ctx.count_attr("num_split", 1)}, ctx.inputs());
}

// How many outputs there are must show in the sizes' shape.
Outputs split_v(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const int64_t count = ctx.count_attr("num_split", 1);
  const Shape& sizes = ctx.type(1).shape;
  std::vector<ValueId> inputs = ctx.inputs();
  if (!sizes.is_static()) inputs[1] = ctx.add(Reshape{}, {inputs[1], ctx.ints({count})});
  if (sizes.is_static() && sizes != Shape{count})
    ctx.fail("attribute 'num_split' is " + std::to_string(count) + ", the sizes' shape is " +
             sizes.str());
  return ctx.add_all(SplitV{}, std::move(inputs));
}

Outputs pack(NodeContext& ctx) {
  ctx.expect_inputs(1, SIZE_MAX);
  return {ctx.add(Pack{ctx.int_attr("axis", 0)}, ctx.inputs())};
}

Outputs unpack(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return ctx.add_all(Unpack{ctx.int_attr("axis", 0), ctx.count_attr("num", 0)}, ctx.inputs());
}

Outputs squeeze(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Squeeze{ctx.ints_attr("squeeze_dims", std::vector<int64_t>{})}, ctx.inputs())};
}

Outputs strided_slice(NodeContext& ctx) {
  ctx.expect_inputs(4);
  StridedSlice op;
  op.begin_mask = ctx.int_attr("begin_mask", 0);
  op.end_mask = ctx.int_attr("end_mask", 0);
  op.ellipsis_mask = ctx.int_attr("ellipsis_mask", 0);
  op.new_axis_mask = ctx.int_attr("new_axis_mask", 0);
  op.shrink_axis_mask = ctx.int_attr("shrink_axis_mask", 0);
  return {ctx.add(op, ctx.inputs())};
}

Outputs mirror_pad(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const std::string mode = ctx.string_attr("mode");
  if (mode != "REFLECT" && mode != "SYMMETRIC")
    ctx.fail("attribute 'mode': expected REFLECT or SYMMETRIC, found '" + mode + "'");
  return {ctx.add(Pad{mode == "REFLECT" ? PadMode::kReflect : PadMode::kSymmetric}, ctx.inputs())};
}

Outputs gather(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(Gather{0}, {ctx.input(0), ctx.input(1), ctx.scalar_int(0)})};
}

Outputs gather_v2(NodeContext& ctx) {
  ctx.expect_inputs(3);
  return {ctx.add(Gather{ctx.int_attr("batch_dims", 0)}, ctx.inputs())};
}

template <class T>
Outputs depth_space(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const bool nchw = is_nchw(ctx);
  const T op{ctx.int_attr("block_size")};
  if (op.block < 2 || op.block > 1024)
    ctx.fail("attribute 'block_size': expected 2 to 1024, found " + std::to_string(op.block));
  if (!nchw) return {ctx.add(op, ctx.inputs())};
  return {to_nchw(ctx, ctx.add(op, {to_nhwc(ctx, ctx.input(0))}))};
}

// result[x[i]] = i
Outputs invert_permutation(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const DType dtype = ctx.type(0).dtype;
  const ValueId x = ctx.input(0);
  auto scalar = [&](int64_t v) {
    const ValueId narrow = ctx.scalar_int(v);
    return dtype == DType::kInt32 ? narrow : ctx.add(Cast{dtype}, {narrow});
  };
  const ValueId count = ctx.add(Size{dtype}, {x});
  const ValueId numbers = ctx.add(Range{}, {scalar(0), count, scalar(1)});
  const ValueId places = ctx.add(ExpandDims{}, {x, ctx.scalar_int(-1)});
  return {ctx.add(ScatterNd{}, {places, numbers, ctx.add(ShapeOf{dtype}, {x})})};
}

}  // namespace

const std::vector<OpRow>& layout_ops() {
  static const std::vector<OpRow> rows = {
      {"BatchToSpaceND", plain<BatchToSpace, 3>},
      {"BroadcastTo", plain<BroadcastTo, 2>},
      {"Concat", concat},
      {"ConcatV2", concat_v2},
      {"DepthToSpace", depth_space<DepthToSpace>},
      {"ExpandDims", plain<ExpandDims, 2>},
      {"Gather", gather},
      {"GatherNd", plain<GatherNd, 2>},
      {"GatherV2", gather_v2},
      {"InvertPermutation", invert_permutation},
      {"MirrorPad", mirror_pad},
      {"Pack", pack},
      {"Pad", plain<Pad, 2>},
      {"PadV2", plain<Pad, 3>},
      {"Reshape", plain<Reshape, 2>},
      {"ReverseV2", plain<Reverse, 2>},
      {"ScatterNd", plain<ScatterNd, 3>},
      {"Slice", plain<Slice, 3>},
      {"SpaceToBatchND", plain<SpaceToBatch, 3>},
      {"SpaceToDepth", depth_space<SpaceToDepth>},
      {"Split", split},
      {"SplitV", split_v},
      {"Squeeze", squeeze},
      {"StridedSlice", strided_slice},
      {"Tile", plain<Tile, 2>},
      {"Transpose", plain<Transpose, 2>},
      {"Unpack", unpack},
  };
  return rows;
}

}  // namespace thaw
