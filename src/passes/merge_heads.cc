#include "passes/merge_heads.h"

#include "passes/fusion.h"

namespace thaw {
namespace {

const Tensor* float_constant(const Graph& graph, ValueId value) {
  const Tensor* t = graph.constant_value(value);
  return t && t->dtype() == DType::kFloat32 ? t : nullptr;
}

// A convolution of `x` in one group, with constant weights.
bool is_head(const Graph& graph, const Node& node, ValueId x) {
  if (!node.as<Conv2D>() || node.inputs[0] != x) return false;
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (!float_constant(graph, node.inputs[i])) return false;
  const TensorType& type = graph.value(x).type;
  return type.dtype != DType::kFloat64 && type.shape.rank() == 4 &&
         type.shape[3] == graph.constant_value(node.inputs[1])->dim(2);
}

bool alike(const Graph& graph, const Node& a, const Node& b) {
  const Shape& f = graph.constant_value(a.inputs[1])->shape();
  const Shape& g = graph.constant_value(b.inputs[1])->shape();
  return f[0] == g[0] && f[1] == g[1] && same_op(a.op, b.op);
}

// Those of x's readers that are convolutions like the node; the node is the first.
std::vector<NodeId> heads_like(const Graph& graph, NodeId id) {
  const ValueId x = graph.node(id).inputs[0];
  std::vector<NodeId> heads;
  if (!is_head(graph, graph.node(id), x)) return heads;
  heads.push_back(id);
  for (NodeId user : graph.value(x).users)
    if (user != id && is_head(graph, graph.node(user), x) &&
        alike(graph, graph.node(id), graph.node(user)))
      heads.push_back(user);
  return heads;
}

bool merge_at(Graph& graph, NodeId id) {
  const std::vector<NodeId> heads = heads_like(graph, id);
  if (heads.size() < 2) return false;
  const Node& first = graph.node(id);
  const auto& conv = *first.as<Conv2D>();
  ConvHeads op;
  static_cast<Window&>(op) = conv;
  static_cast<ActivationTypes&>(op) = conv;
  op.activation = conv.activation;
  std::vector<ValueId> inputs{first.inputs[0]};
  for (NodeId head : heads) {
    const Node& node = graph.node(head);
    const auto channels = static_cast<size_t>(graph.constant_value(node.inputs[1])->dim(3));
    inputs.push_back(node.inputs[1]);
    inputs.push_back(node.inputs.size() > 2
                         ? node.inputs[2]
                         : add_vector(graph, std::vector<float>(channels), node.name));
  }
  const NodeId merged = graph.add_node(op, inputs, graph.node(id).name);
  for (size_t i = 0; i < heads.size(); ++i)
    replace_node(graph, heads[i], graph.node(merged).outputs[i]);
  return true;
}

}  // namespace

bool merge_heads(Graph& graph, const PassContext& context) {
  if (!context.target.forms.merged_heads) return false;
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order())
      if (g.node(id).alive && g.node(id).as<Conv2D>()) changed = merge_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
