// TensorArrays (TF1) and TensorLists (TF2) as list values. What TF calls a TensorArray's flow is
// the list; its handle only serves to find the node that made it.
#include "import/op_table.h"

namespace thaw {
namespace {

// What is known of an element: dimensions of `a`, and of `b` where `a` does not say.
Shape known_of_both(const Shape& a, const Shape& b) {
  if (!a.has_rank()) return b;
  if (a.rank() != b.rank()) return a;
  Shape known = a;
  for (int i = 0; i < known.rank(); ++i)
    if (known[i] < 0) known[i] = b[i];
  return known;
}

// x without its first dimension.
Shape slice_of(const Shape& x) {
  if (x.rank() < 1) return Shape::unknown();
  Shape slice = x;
  slice.erase(0);
  return slice;
}

// (size) -> handle, flow
Outputs array(NodeContext& ctx) {
  ctx.expect_inputs(1);
  const ListReserve op{ctx.type_attr("dtype"), ctx.shape_attr("element_shape", Shape::unknown())};
  ctx.array() = {op.element_shape, ctx.bool_attr("dynamic_size", false)};
  return {kNone, ctx.add(op, ctx.inputs())};
}

// (handle, index, flow) -> element
Outputs array_read(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const ListGet op{ctx.type_attr("dtype"), ctx.array().element_shape};
  return {ctx.add(op, {ctx.input(2), ctx.input(1)})};
}

// (handle, index, element, flow) -> flow
Outputs array_write(NodeContext& ctx) {
  ctx.expect_inputs(4);
  return {ctx.add(ListSet{ctx.array().grows}, {ctx.input(3), ctx.input(1), ctx.input(2)})};
}

// (handle, indices, x, flow) -> flow
Outputs array_scatter(NodeContext& ctx) {
  ctx.expect_inputs(4);
  TensorArrayFacts& array = ctx.array();
  if (!array.element_shape.has_rank()) array.element_shape = slice_of(ctx.type(2).shape);
  return {ctx.add(ListScatter{array.grows}, {ctx.input(3), ctx.input(1), ctx.input(2)})};
}

// (handle, indices, flow) -> elements stacked
Outputs array_gather(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const Shape stated = ctx.shape_attr("element_shape", Shape::unknown());
  const ListGather op{ctx.type_attr("dtype"), known_of_both(stated, ctx.array().element_shape)};
  return {ctx.add(op, {ctx.input(2), ctx.input(1)})};
}

// (handle, flow) -> count
Outputs array_size(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(ListLength{}, {ctx.input(1)})};
}

Outputs array_close(NodeContext&) { return {}; }

// TF2 gives the element's shape as a tensor: a vector, -1 where unknown, or the scalar -1.
Shape element_shape(NodeContext& ctx, size_t i) {
  const Tensor* shape = ctx.constant(i);
  if (!shape || shape->rank() != 1 || !is_integer(shape->dtype())) return Shape::unknown();
  std::vector<int64_t> dims = shape->ints();
  for (int64_t& d : dims)
    if (d < 0) d = kUnknownDim;
  return Shape(dims);
}

// (element shape, count) -> list
Outputs list_reserve(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const ListReserve op{ctx.type_attr("element_dtype"), element_shape(ctx, 0)};
  return {ctx.add(op, {ctx.input(1)})};
}

// (element shape, maximum count) -> list
Outputs list_empty(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const ListReserve op{ctx.type_attr("element_dtype"), element_shape(ctx, 0)};
  return {ctx.add(op, {ctx.scalar_int(0)})};
}

// (x, element shape) -> list
Outputs list_from_tensor(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(ListFromTensor{}, {ctx.input(0)})};
}

// (list, index, element shape) -> element
Outputs list_get(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const ListGet op{ctx.type_attr("element_dtype"), element_shape(ctx, 2)};
  return {ctx.add(op, {ctx.input(0), ctx.input(1)})};
}

// (list, index, element) -> list
Outputs list_set(NodeContext& ctx) {
  ctx.expect_inputs(3);
  return {ctx.add(ListSet{ctx.bool_attr("resize_if_index_out_of_bounds", false)}, ctx.inputs())};
}

// (list, element) -> list
Outputs list_push_back(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(ListPushBack{}, ctx.inputs())};
}

// (list, count) -> list
Outputs list_resize(NodeContext& ctx) {
  ctx.expect_inputs(2);
  return {ctx.add(ListResize{}, ctx.inputs())};
}

// (list, element shape) -> elements stacked
Outputs list_stack(NodeContext& ctx) {
  ctx.expect_inputs(2);
  const ListStack op{ctx.type_attr("element_dtype"), element_shape(ctx, 1)};
  return {ctx.add(op, {ctx.input(0)})};
}

// (list, indices, element shape) -> elements stacked
Outputs list_gather(NodeContext& ctx) {
  ctx.expect_inputs(3);
  const ListGather op{ctx.type_attr("element_dtype"), element_shape(ctx, 2)};
  return {ctx.add(op, {ctx.input(0), ctx.input(1)})};
}

Outputs list_length(NodeContext& ctx) {
  ctx.expect_inputs(1);
  return {ctx.add(ListLength{}, ctx.inputs())};
}

}  // namespace

const std::vector<OpRow>& list_ops() {
  static const std::vector<OpRow> rows = {
      {"EmptyTensorList", list_empty},
      {"TensorArrayCloseV3", array_close, true},
      {"TensorArrayGatherV3", array_gather, true},
      {"TensorArrayReadV3", array_read, true},
      {"TensorArrayScatterV3", array_scatter, true},
      {"TensorArraySizeV3", array_size, true},
      {"TensorArrayV3", array},
      {"TensorArrayWriteV3", array_write, true},
      {"TensorListFromTensor", list_from_tensor},
      {"TensorListGather", list_gather},
      {"TensorListGetItem", list_get},
      {"TensorListLength", list_length},
      {"TensorListPushBack", list_push_back},
      {"TensorListReserve", list_reserve},
      {"TensorListResize", list_resize},
      {"TensorListSetItem", list_set},
      {"TensorListStack", list_stack},
  };
  return rows;
}

}  // namespace thaw
