#include "passes/fuse_multi_class_nms.h"

#include "passes/eliminate_dead_code.h"
#include "passes/fusion.h"
#include "passes/match.h"

namespace thaw {
namespace {

// The node anew, as its op and inputs have become; its results are the old one's but for those
// not in `kept`.
void rebuild(Graph& graph, NodeId id, MultiClassNms op, std::vector<ValueId> inputs,
             const std::vector<size_t>& kept) {
  const std::vector<ValueId> before = graph.node(id).outputs;
  const NodeId made = graph.add_node(op, std::move(inputs), graph.node(id).name);
  for (size_t i = 0; i < kept.size(); ++i)
    graph.replace_uses(before[kept[i]], graph.node(made).outputs[i]);
  graph.remove_node(id);
}

bool is_read(const Graph& graph, ValueId v) {
  return !graph.value(v).users.empty() || graph.is_output(v);
}

// Results that stay: the fixed four and fields that are read. Drops the others' inputs.
std::vector<size_t> drop_fields(const Graph& graph, const Node& node, const MultiClassNms& op,
                                std::vector<ValueId>& inputs) {
  constexpr size_t kFixedOutputs = 4;
  std::vector<size_t> kept;
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (i < kFixedOutputs || is_read(graph, node.outputs[i])) kept.push_back(i);
  for (size_t i = node.outputs.size(); i-- > kFixedOutputs;)
    if (!is_read(graph, node.outputs[i]))
      inputs.erase(inputs.begin() +
                   static_cast<std::ptrdiff_t>(op.num_fixed_inputs() + i - kFixedOutputs));
  return kept;
}

// scores[:, :, k:]; nothing of the other dimensions is cut.
bool take_slice(const Graph& graph, MultiClassNms& op, ValueId& scores) {
  const Node* slice = graph.producer(scores);
  if (!slice || !slice->as<Slice>()) return false;
  const Tensor* begin = graph.constant_value(slice->inputs[1]);
  const Shape& from = graph.value(slice->inputs[0]).type.shape;
  const Shape& to = graph.value(scores).type.shape;
  if (!begin || begin->num_elements() != 3 || from.rank() != 3 || to.rank() != 3) return false;
  if (begin->int_at(0) != 0 || begin->int_at(1) != 0) return false;
  const int64_t first = begin->int_at(2);
  if (from[0] != to[0] || from[1] != to[1] || from[2] < 0 || to[2] != from[2] - first) return false;
  // -1 takes the rest; an unknown dimension is whole only so.
  const Tensor* size = graph.constant_value(slice->inputs[2]);
  for (int i = 0; i < 2; ++i)
    if (from[i] < 0 && !(size && size->num_elements() == 3 && size->int_at(i) == -1)) return false;
  op.background += first;
  scores = slice->inputs[0];
  return true;
}

bool take_sigmoid(const Graph& graph, MultiClassNms& op, ValueId& scores) {
  const Node* node = graph.producer(scores);
  const Unary* unary = node ? node->as<Unary>() : nullptr;
  if (!unary || unary->kind != UnaryKind::kSigmoid || op.logits) return false;
  op.logits = true;
  scores = node->inputs[0];
  return true;
}

// Behind a Reshape too: decoding knows only the order of the boxes.
bool take_decode(Graph& graph, MultiClassNms& op, std::vector<ValueId>& inputs) {
  ValueId boxes = inputs[0];
  const Shape shape = graph.value(boxes).type.shape;
  if (op.decode || !graph.has_one_user(boxes)) return false;
  if (const Node* reshape = graph.producer(boxes); reshape && reshape->as<Reshape>()) {
    boxes = reshape->inputs[0];
    if (!shape.is_static() || !graph.has_one_user(boxes)) return false;
  }
  const Node* node = graph.producer(boxes);
  const BoxDecode* decode = node ? node->as<BoxDecode>() : nullptr;
  if (!decode) return false;
  const Shape& anchors = graph.value(node->inputs[1]).type.shape;
  if (anchors.rank() != 2 || graph.value(boxes).type.dtype != DType::kFloat32) return false;
  if (boxes != inputs[0] && !graph.value(node->inputs[0]).type.shape.is_static()) return false;
  op.decode = true;
  op.scales = decode->scales;
  op.corners = decode->corners;
  const ValueId encodings = node->inputs[0];
  inputs.insert(inputs.begin() + static_cast<std::ptrdiff_t>(op.num_fixed_inputs() - 1),
                node->inputs[1]);
  inputs[0] = boxes == inputs[0] ? encodings : reshape_to(graph, encodings, shape);
  return true;
}

bool fuse_at(Graph& graph, NodeId id) {
  const MultiClassNms* nms = graph.node(id).as<MultiClassNms>();
  if (!nms) return false;
  MultiClassNms op = *nms;
  std::vector<ValueId> inputs = graph.node(id).inputs;
  const std::vector<size_t> kept = drop_fields(graph, graph.node(id), op, inputs);
  bool changed = kept.size() < graph.node(id).outputs.size();
  // Without its dropped fields the node may be the only reader of what it reads.
  if (changed) {
    rebuild(graph, id, op, inputs, kept);
    return true;
  }
  const bool own_scores = graph.has_one_user(inputs[1]);
  changed = take_slice(graph, op, inputs[1]);
  if (own_scores && graph.has_one_user(inputs[1]))
    changed = take_sigmoid(graph, op, inputs[1]) || changed;
  changed = take_decode(graph, op, inputs) || changed;
  if (changed) rebuild(graph, id, op, std::move(inputs), kept);
  return changed;
}

}  // namespace

bool fuse_multi_class_nms(Graph& graph, const PassContext& context) {
  return for_each_graph(graph, [&](Graph& g) {
    bool changed = false;
    for (bool again = true; again;) {
      again = false;
      for (NodeId id = 0; id < g.num_nodes(); ++id)
        if (g.node(id).alive) again = fuse_at(g, id) || again;
      changed = changed || again;
      if (again) eliminate_dead_code(g, context);
    }
    return changed;
  });
}

}  // namespace thaw
