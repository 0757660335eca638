#include "passes/batcher.h"

#include <algorithm>

#include "passes/match.h"

namespace thaw {
namespace {

int64_t nonnegative_axis(int64_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

std::vector<int64_t> prepended(const std::vector<int64_t>& first, const Tensor& t) {
  std::vector<int64_t> all = first;
  for (int64_t v : t.ints()) all.push_back(v);
  return all;
}

}  // namespace

const Tensor* Batcher::constant(const BatchValue& v) const {
  return v.batched ? nullptr : graph_.constant_value(behind_identities(graph_, v.value));
}

Shape Batcher::item_shape(const BatchValue& v) const {
  Shape shape = graph_.value(v.value).type.shape;
  if (v.batched && shape.has_rank() && shape.rank() > 0) shape.erase(0);
  return shape;
}

Shape Batcher::whole_shape(const Shape& item) const {
  Shape shape = item;
  shape.insert(0, batch_);
  return shape;
}

ValueId Batcher::indices(DType dtype) {
  std::vector<int64_t> all(static_cast<size_t>(batch_));
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  return graph_.constant_ints(all, dtype);
}

ValueId Batcher::whole(const BatchValue& v) {
  if (v.batched) return v.value;
  const Shape item = item_shape(v);
  if (!item.is_static() || item.rank() >= Shape::kMaxRank) return kNone;
  const Shape one = [&] {
    Shape s = item;
    s.insert(0, 1);
    return s;
  }();
  const ValueId row = reshape_to(graph_, v.value, one);
  if (batch_ == 1) return row;
  return graph_.add(BroadcastTo{}, {row, graph_.constant_ints(whole_shape(item).dims())});
}

Batcher::Values Batcher::all_batched(const Op& op, const std::vector<ValueId>& inputs,
                                     const std::string& name) {
  const NodeId node = graph_.add_node(op, inputs, name);
  std::vector<BatchValue> outputs;
  for (ValueId v : graph_.node(node).outputs) outputs.push_back({v, true});
  return outputs;
}

Batcher::Values Batcher::reshaped(const BatchValue& x, const Shape& item) {
  if (!item.is_static() || item.rank() >= Shape::kMaxRank) return {};
  if (!graph_.value(x.value).type.shape.is_static()) return {};
  return std::vector<BatchValue>{{reshape_to(graph_, x.value, whole_shape(item)), true}};
}

// Operands of fewer dimensions get ones after the batch so that the items' dimensions keep meeting
// from the right.
Batcher::Values Batcher::elementwise(const Op& op, const std::vector<BatchValue>& inputs,
                                     const std::string& name) {
  int rank = 0;
  for (const BatchValue& v : inputs) {
    const Shape item = item_shape(v);
    if (!item.has_rank()) return {};
    rank = std::max(rank, item.rank());
  }
  if (rank >= Shape::kMaxRank) return {};
  std::vector<ValueId> operands;
  for (const BatchValue& v : inputs) {
    Shape item = item_shape(v);
    const bool is_lower = v.batched && item.rank() < rank;
    if (is_lower && !item.is_static()) return {};
    while (is_lower && item.rank() < rank) item.insert(0, 1);
    operands.push_back(is_lower ? reshape_to(graph_, v.value, whole_shape(item)) : v.value);
  }
  return all_batched(op, operands, name);
}

// An op whose axis is the constant input `axis`, counted in the item's dimensions.
Batcher::Values Batcher::shifted_axis(const Op& op, std::vector<BatchValue> inputs, size_t axis,
                                      const std::string& name) {
  const Tensor* at = constant(inputs[axis]);
  if (!at || !is_integer(at->dtype())) return {};
  int rank = -1;
  std::vector<ValueId> operands;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i == axis) {
      operands.push_back(kNone);
      continue;
    }
    rank = item_shape(inputs[i]).rank();
    operands.push_back(whole(inputs[i]));
    if (operands.back() == kNone || rank < 0) return {};
  }
  std::vector<int64_t> axes;
  for (int64_t a : at->ints()) axes.push_back(nonnegative_axis(a, rank) + 1);
  const Tensor moved = Tensor::of<int32_t>(DType::kInt32, at->shape(), {axes.begin(), axes.end()});
  operands[axis] = graph_.constant(moved);
  return all_batched(op, operands, name);
}

// Ops that only give the item another shape.
Batcher::Values Batcher::item_reshape(const Op& op, const std::vector<BatchValue>& inputs) {
  const BatchValue& x = inputs[0];
  Shape item = item_shape(x);
  if (!item.is_static()) return open_item_reshape(op, inputs);
  if (!x.batched) return {};
  if (const Squeeze* squeeze = std::get_if<Squeeze>(&op)) {
    std::vector<bool> goes(item.size(), squeeze->axes.empty());
    for (int64_t a : squeeze->axes) {
      const int64_t at = nonnegative_axis(a, item.rank());
      if (at < 0 || at >= item.rank() || item[static_cast<int>(at)] != 1) return {};
      goes[static_cast<size_t>(at)] = true;
    }
    for (int i = item.rank() - 1; i >= 0; --i)
      if (goes[static_cast<size_t>(i)] && item[i] == 1) item.erase(i);
    return reshaped(x, item);
  }
  const Tensor* argument = constant(inputs[1]);
  if (!argument || !is_integer(argument->dtype())) return {};
  if (std::get_if<ExpandDims>(&op)) {
    if (item.rank() + 1 >= Shape::kMaxRank || argument->num_elements() != 1) return {};
    const int64_t at = nonnegative_axis(argument->int_at(0), item.rank() + 1);
    if (at < 0 || at > item.rank()) return {};
    item.insert(static_cast<int>(at), 1);
    return reshaped(x, item);
  }
  std::vector<int64_t> dims = argument->ints();
  int64_t others = 1;
  for (int64_t d : dims)
    if (d >= 0) others *= d;
  for (int64_t& d : dims) {
    if (d >= 0) continue;
    if (others == 0 || item.num_elements() % others != 0) return {};
    d = item.num_elements() / others;
  }
  if (dims.size() >= static_cast<size_t>(Shape::kMaxRank)) return {};
  if (Shape(dims).num_elements() != item.num_elements()) return {};
  return reshaped(x, Shape(dims));
}

// The same of pictures whose size only shows in the run: an axis of 1 comes or goes.
Batcher::Values Batcher::open_item_reshape(const Op& op, const std::vector<BatchValue>& inputs) {
  const BatchValue& x = inputs[0];
  const Shape item = item_shape(x);
  if (!x.batched || !item.has_rank() || item.rank() + 1 >= Shape::kMaxRank) return {};
  if (const Squeeze* squeeze = std::get_if<Squeeze>(&op)) {
    Squeeze moved;
    for (int64_t a : squeeze->axes) moved.axes.push_back(nonnegative_axis(a, item.rank()) + 1);
    if (moved.axes.empty()) return {};
    return all_batched(moved, {x.value}, {});
  }
  const Tensor* argument = std::get_if<ExpandDims>(&op) ? constant(inputs[1]) : nullptr;
  if (!argument || !is_integer(argument->dtype()) || argument->num_elements() != 1) return {};
  const int64_t at = nonnegative_axis(argument->int_at(0), item.rank() + 1);
  const Tensor axis = Tensor::of<int32_t>(DType::kInt32, {}, {static_cast<int32_t>(at) + 1});
  return all_batched(ExpandDims{}, {x.value, graph_.constant(axis)}, {});
}

// [batch, own, ...] -> [batch * own, ...]; kNone when it can't be told how.
ValueId Batcher::merged(ValueId all, Shape item) {
  if (item.is_static()) {
    item[0] *= batch_;
    return reshape_to(graph_, all, item);
  }
  if (item[0] != 1) return kNone;
  const Node* expand = maker<ExpandDims>(graph_, all);
  if (expand && is_int(graph_, expand->inputs[1], 1)) return expand->inputs[0];
  return graph_.add(Squeeze{{1}}, {all});
}

// Ops that have a batch dimension of their own, the first one of `tensors` inputs: the items'
// batches become one, and the results are taken apart again.
Batcher::Values Batcher::folded(const Op& op, const std::vector<BatchValue>& inputs, size_t tensors,
                                const std::string& name) {
  std::vector<ValueId> operands;
  int64_t own = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i >= tensors) {
      if (inputs[i].batched) return {};
      operands.push_back(inputs[i].value);
      continue;
    }
    const Shape shape = item_shape(inputs[i]);
    const ValueId all = whole(inputs[i]);
    if (all == kNone || shape.rank() < 1 || shape[0] < 0) return {};
    if (own >= 0 && shape[0] != own) return {};
    own = shape[0];
    operands.push_back(merged(all, shape));
    if (operands.back() == kNone) return {};
  }
  const NodeId node = graph_.add_node(op, operands, name);
  std::vector<BatchValue> outputs;
  for (ValueId v : std::vector<ValueId>(graph_.node(node).outputs)) {
    Shape shape = graph_.value(v).type.shape;
    if (!shape.is_static() || shape.rank() < 1 || shape.rank() >= Shape::kMaxRank) return {};
    shape[0] = own;
    outputs.push_back({reshape_to(graph_, v, whole_shape(shape)), true});
  }
  return outputs;
}

Batcher::Values Batcher::gathered(const Gather& op, const std::vector<BatchValue>& inputs,
                                  const std::string& name) {
  const Tensor* axis = constant(inputs[2]);
  if (!axis || axis->num_elements() != 1 || op.batch_dims != 0) return {};
  const BatchValue& x = inputs[0];
  const BatchValue& at = inputs[1];
  const Shape item = item_shape(x);
  if (!item.has_rank()) return {};
  const int64_t along = nonnegative_axis(axis->int_at(0), item.rank());
  if (!x.batched) {  // a slice for each item
    if (along != 0) return {};
    const Tensor* index = graph_.constant_value(at.value);
    const bool in_order = index && index->rank() == 1 && is_iota(graph_, at.value) &&
                          item.rank() > 0 && item[0] == batch_;
    if (in_order) return std::vector<BatchValue>{{x.value, true}};
    return all_batched(op, {x.value, at.value, inputs[2].value}, name);
  }
  const ValueId next =
      graph_.constant(Tensor::of<int32_t>(DType::kInt32, {}, {static_cast<int32_t>(along) + 1}));
  Gather moved = op;
  if (at.batched) moved.batch_dims = 1;
  return all_batched(moved, {x.value, at.value, next}, name);
}

// Ops whose constant inputs say something for each dimension: the batch's comes first.
Batcher::Values Batcher::prefixed(const Op& op, const std::vector<BatchValue>& inputs,
                                  const std::vector<int64_t>& prefix, const std::string& name) {
  std::vector<ValueId> operands{inputs[0].value};
  if (!inputs[0].batched) return {};
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Tensor* t = constant(inputs[i]);
    if (!t) return {};
    if (i > prefix.size()) {  // Pad's value
      operands.push_back(inputs[i].value);
      continue;
    }
    std::vector<int64_t> values = prepended({prefix[i - 1]}, *t);
    if (t->rank() != 1) return {};
    operands.push_back(graph_.constant_ints(values));
  }
  return all_batched(op, operands, name);
}

Batcher::Values Batcher::packed(const Op& op, const std::vector<BatchValue>& inputs,
                                const std::string& name) {
  std::vector<ValueId> operands;
  int rank = -1;
  for (const BatchValue& v : inputs) {
    rank = item_shape(v).rank();
    operands.push_back(whole(v));
    if (operands.back() == kNone || rank < 0) return {};
  }
  if (const Pack* pack = std::get_if<Pack>(&op))
    return all_batched(Pack{nonnegative_axis(pack->axis, rank + 1) + 1}, operands, name);
  const Unpack& unpack = std::get<Unpack>(op);
  return all_batched(Unpack{nonnegative_axis(unpack.axis, rank) + 1, unpack.count}, operands, name);
}

Batcher::Values Batcher::padded(const Op& op, const std::vector<BatchValue>& inputs,
                                const std::string& name) {
  const Tensor* paddings = constant(inputs[1]);
  if (!paddings || !inputs[0].batched || (inputs.size() > 2 && inputs[2].batched)) return {};
  const std::vector<int64_t> values = prepended({0, 0}, *paddings);
  const Shape shape{static_cast<int64_t>(values.size()) / 2, 2};
  const Tensor all = Tensor::of<int32_t>(DType::kInt32, shape, {values.begin(), values.end()});
  std::vector<ValueId> operands{inputs[0].value, graph_.constant(all)};
  if (inputs.size() > 2) operands.push_back(inputs[2].value);
  return all_batched(op, operands, name);
}

// TF's Select: a condition of the operands' shape, or one for each item.
Batcher::Values Batcher::selected(const Op& op, const std::vector<BatchValue>& inputs,
                                  const std::string& name) {
  if (std::get<Select>(op).broadcast) return elementwise(op, inputs, name);
  const Shape condition = item_shape(inputs[0]);
  const Shape item = item_shape(inputs[1]);
  if (!item.is_static() || (condition != item && condition != Shape{})) return {};
  std::vector<ValueId> operands;
  for (const BatchValue& v : inputs) {
    operands.push_back(whole(v));
    if (operands.back() == kNone) return {};
  }
  return all_batched(op, operands, name);
}

Batcher::Values Batcher::transposed(const std::vector<BatchValue>& inputs,
                                    const std::string& name) {
  const Tensor* permutation = constant(inputs[1]);
  if (!permutation || !inputs[0].batched) return {};
  std::vector<int64_t> moved{0};
  for (int64_t p : permutation->ints()) moved.push_back(p + 1);
  return all_batched(Transpose{}, {inputs[0].value, graph_.constant_ints(moved)}, name);
}

// Anchors repeat over the boxes, so every item's are the whole batch's as well.
Batcher::Values Batcher::box_decoded(const Op& op, const std::vector<BatchValue>& inputs,
                                     const std::string& name) {
  const BatchValue& anchors = inputs[1];
  if (anchors.batched && item_shape(inputs[0]) != item_shape(anchors)) return {};
  const ValueId encodings = whole(inputs[0]);
  if (encodings == kNone) return {};
  return all_batched(op, {encodings, anchors.value}, name);
}

std::optional<std::vector<BatchValue>> Batcher::apply(const Op& op,
                                                      const std::vector<BatchValue>& inputs,
                                                      const std::string& name) {
  switch (kind_of(op)) {
    case OpKind::kIdentity:
      return std::vector<BatchValue>{inputs[0]};
    case OpKind::kUnary:
    case OpKind::kCast:
    case OpKind::kBinary:
      return elementwise(op, inputs, name);
    case OpKind::kReshape:
    case OpKind::kExpandDims:
    case OpKind::kSqueeze:
      return item_reshape(op, inputs);
    case OpKind::kConcat:
      return shifted_axis(op, inputs, inputs.size() - 1, name);
    case OpKind::kSplit:
      return shifted_axis(op, inputs, 0, name);
    case OpKind::kReduce:
      return shifted_axis(op, inputs, 1, name);
    case OpKind::kPack:
    case OpKind::kUnpack:
      return packed(op, inputs, name);
    case OpKind::kGather:
      return gathered(std::get<Gather>(op), inputs, name);
    case OpKind::kSlice:
      return prefixed(op, inputs, {0, -1}, name);
    case OpKind::kTile:
      return prefixed(op, inputs, {1}, name);
    case OpKind::kStridedSlice: {
      StridedSlice moved = std::get<StridedSlice>(op);
      moved.begin_mask = moved.begin_mask << 1 | 1;
      moved.end_mask = moved.end_mask << 1 | 1;
      moved.ellipsis_mask <<= 1;
      moved.new_axis_mask <<= 1;
      moved.shrink_axis_mask <<= 1;
      return prefixed(moved, inputs, {0, 0, 1}, name);
    }
    case OpKind::kPad:
      return padded(op, inputs, name);
    case OpKind::kSelect:
      return selected(op, inputs, name);
    case OpKind::kTranspose:
      return transposed(inputs, name);
    case OpKind::kResize:
      return folded(op, inputs, 1, name);
    case OpKind::kMultiClassNms:
    case OpKind::kResizeAffine:
      return folded(op, inputs, inputs.size(), name);
    case OpKind::kSoftmax:
      return all_batched(op, {inputs[0].value}, name);
    case OpKind::kTopK:
      if (inputs[1].batched) return {};
      return all_batched(op, {whole(inputs[0]), inputs[1].value}, name);
    case OpKind::kBoxDecode:
      return box_decoded(op, inputs, name);
    default:
      return {};
  }
}

}  // namespace thaw
