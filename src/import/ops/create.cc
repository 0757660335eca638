// TF's ops that make tensors from shapes and numbers.
#include "import/op_table.h"

namespace thaw {
namespace {

DType out_type(NodeContext& ctx) {
  const DType dtype = ctx.type_attr("out_type", DType::kInt32);
  if (dtype != DType::kInt32 && dtype != DType::kInt64)
    ctx.fail(std::string("attribute 'out_type': expected int32 or int64, found ") +
             dtype_name(dtype));
  return dtype;
}

Outputs shape(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(ShapeOf{out_type(ctx)}, ctx.inputs())};
}

Outputs shape_n(NodeContext& ctx) {
  ctx.expect_inputs(1, SIZE_MAX);
  Outputs shapes;
  for (ValueId x : ctx.inputs()) shapes.push_back(ctx.add(ShapeOf{out_type(ctx)}, {x}));
  return shapes;
}

Outputs size(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Size{out_type(ctx)}, ctx.inputs())};
}

Outputs rank(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(Rank{}, ctx.inputs())};
}

Outputs fill(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(Fill{}, ctx.inputs())};
}

Outputs range(NodeContext& ctx) {
  ctx.expect_inputs(3);
  return {ctx.add(Range{}, ctx.inputs())};
}

Outputs one_hot(NodeContext& ctx) {
  ctx.expect_inputs(4);
  return {ctx.add(OneHot{ctx.int_attr("axis", -1)}, ctx.inputs())};
}

Outputs concat_offset(NodeContext& ctx) {
  ctx.expect_inputs(2, SIZE_MAX);
  return ctx.add_all(ConcatOffset{}, ctx.inputs());
}

}  // namespace

const std::vector<OpRow>& create_ops() {
  static const std::vector<OpRow> rows = {
      {"ConcatOffset", concat_offset},
      {"Fill", fill},
      {"OneHot", one_hot},
      {"Range", range},
      {"Rank", rank},
      {"Shape", shape},
      {"ShapeN", shape_n},
      {"Size", size},
  };
  return rows;
}

}  // namespace thaw
