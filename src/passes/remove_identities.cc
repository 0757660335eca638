#include "passes/remove_identities.h"

#include <algorithm>

#include "passes/nested.h"

namespace thaw {
namespace {

bool all_equal(const Tensor* t, int64_t value) {
  if (!t) return false;
  const std::vector<int64_t> v = t->ints();
  return std::all_of(v.begin(), v.end(), [value](int64_t e) { return e == value; });
}

bool moves_nothing(const Tensor* permutation) {
  if (!permutation) return false;
  for (int64_t i = 0; i < permutation->num_elements(); ++i)
    if (permutation->int_at(i) != i) return false;
  return true;
}

// A Slice or StridedSlice whose result is as large as its source moves nothing, unless it reverses.
bool steps_forward(const Tensor* strides) {
  if (!strides) return false;
  const std::vector<int64_t> v = strides->ints();
  return std::all_of(v.begin(), v.end(), [](int64_t s) { return s > 0; });
}

// The node hands on its input `*source` as it is.
bool changes_nothing(const Graph& graph, const Node& node, size_t* source) {
  *source = 0;
  if (node.inputs.empty() || node.outputs.size() != 1) return false;
  const auto constant = [&](size_t i) {
    return i < node.inputs.size() ? graph.constant_value(node.inputs[i]) : nullptr;
  };
  const OpKind kind = kind_of(node.op);
  if (kind == OpKind::kSplit) *source = 1;
  const TensorType& in = graph.value(node.inputs[*source]).type;
  const TensorType& out = graph.value(node.outputs[0]).type;
  const bool same_shape = in.shape.is_static() && in.shape == out.shape;
  switch (kind) {
    case OpKind::kIdentity:
      return true;
    case OpKind::kCast:
      return in.dtype == out.dtype;
    case OpKind::kReshape:
    case OpKind::kSqueeze:
    case OpKind::kExpandDims:
    case OpKind::kSlice:
    case OpKind::kSplit:
    case OpKind::kBroadcastTo:
      return same_shape;
    case OpKind::kStridedSlice:
      return same_shape && steps_forward(constant(3));
    case OpKind::kTranspose:
      return moves_nothing(constant(1));
    case OpKind::kConcat:
      return node.inputs.size() == 2;
    case OpKind::kAddN:
      return node.inputs.size() == 1;
    case OpKind::kPad:
      return all_equal(constant(1), 0);
    case OpKind::kTile:
      return all_equal(constant(1), 1);
    default:
      return false;
  }
}

// The value whose parts, all of them and in order, are the first `count` inputs; else kNone.
template <class Splitter>
ValueId whole_of(const Graph& graph, const std::vector<ValueId>& inputs, size_t count,
                 size_t source) {
  const NodeId producer = graph.value(inputs[0]).producer;
  const Node* node = graph.producer(inputs[0]);
  if (!node || !node->as<Splitter>() || node->outputs.size() != count) return kNone;
  for (size_t i = 0; i < count; ++i)
    if (graph.value(inputs[i]).producer != producer || graph.value(inputs[i]).index != i)
      return kNone;
  return node->inputs[source];
}

int64_t from_front(int64_t axis, const Shape& shape) {
  return axis < 0 ? axis + shape.rank() : axis;
}

// Taken apart and put together again: Pack(Unpack(x)), Concat(Split(x)).
ValueId reassembled(const Graph& graph, const Node& node) {
  if (node.inputs.empty()) return kNone;
  if (const Pack* pack = node.as<Pack>()) {
    const ValueId x = whole_of<Unpack>(graph, node.inputs, node.inputs.size(), 0);
    if (x == kNone || !graph.value(x).type.shape.has_rank()) return kNone;
    const Shape& shape = graph.value(x).type.shape;
    const int64_t taken = graph.producer(node.inputs[0])->as<Unpack>()->axis;
    return from_front(pack->axis, shape) == from_front(taken, shape) ? x : kNone;
  }
  if (!node.as<Concat>()) return kNone;
  const ValueId x = whole_of<Split>(graph, node.inputs, node.inputs.size() - 1, 1);
  if (x == kNone || !graph.value(x).type.shape.has_rank()) return kNone;
  const Shape& shape = graph.value(x).type.shape;
  const Tensor* joined = graph.constant_value(node.inputs.back());
  const Tensor* taken = graph.constant_value(graph.producer(node.inputs[0])->inputs[0]);
  if (!joined || !taken) return kNone;
  return from_front(joined->int_at(0), shape) == from_front(taken->int_at(0), shape) ? x : kNone;
}

// The node's one result has the elements of its one source in the same order.
bool only_reshapes(const Node& node) {
  switch (kind_of(node.op)) {
    case OpKind::kReshape:
    case OpKind::kSqueeze:
    case OpKind::kExpandDims:
      return true;
    case OpKind::kPack:
      return node.inputs.size() == 1;
    case OpKind::kUnpack:
      return node.outputs.size() == 1;
    default:
      return false;
  }
}

// Only the last of several reshapes in a row matters.
bool skip_inner_reshape(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (!only_reshapes(node)) return false;
  const Node* inner = graph.producer(node.inputs[0]);
  const Shape shape = graph.value(node.outputs[0]).type.shape;
  if (!inner || !only_reshapes(*inner) || !shape.is_static()) return false;
  const ValueId source = inner->inputs[0];
  graph.op(id) = Reshape{};
  graph.set_inputs(id, {source, graph.constant_ints(shape.dims(), DType::kInt64)});
  return true;
}

}  // namespace

bool remove_identities(Graph& graph, const PassContext& context) {
  bool changed = for_each_nested(graph, [&](Graph& g) { return remove_identities(g, context); });
  for (NodeId id : graph.topological_order()) {
    changed = skip_inner_reshape(graph, id) || changed;
    const Node& node = graph.node(id);
    size_t source = 0;
    ValueId same = kNone;
    if (changes_nothing(graph, node, &source))
      same = node.inputs[source];
    else
      same = reassembled(graph, node);
    if (same == kNone) continue;
    graph.replace_uses(node.outputs[0], same);
    graph.remove_node(id);
    changed = true;
  }
  return changed;
}

}  // namespace thaw
