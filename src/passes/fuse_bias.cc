#include "passes/fuse_bias.h"

#include "passes/fusion.h"

namespace thaw {
namespace {

bool fuse_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Binary* binary = node.as<Binary>();
  if (!binary || (binary->kind != BinaryKind::kAdd && binary->kind != BinaryKind::kSub))
    return false;
  const std::optional<WithConstant> operands = split_constant(graph, node);
  if (!operands || (binary->kind == BinaryKind::kSub && operands->constant_first)) return false;
  const NodeId layer = open_linear(graph, operands->value);
  if (layer == kNone) return false;
  const Shape& shape = graph.value(operands->value).type.shape;
  if (!shape.has_rank() || shape.rank() == 0) return false;
  auto bias = channel_constant(graph, operands->constant, shape.rank(), shape.back());
  if (!bias) return false;
  if (binary->kind == BinaryKind::kSub)
    for (float& b : *bias) b = -b;

  std::vector<ValueId> inputs = graph.node(layer).inputs;
  if (inputs.size() == 3) {
    const auto own = channel_constant(graph, inputs[2], 1, shape.back());
    if (!own) return false;
    for (size_t i = 0; i < bias->size(); ++i) (*bias)[i] += (*own)[i];
    inputs.pop_back();
  }
  inputs.push_back(add_vector(graph, *bias, node.name));
  *linear_activation(graph.op(layer)) = binary->activation;
  graph.set_inputs(layer, std::move(inputs));
  graph.infer(layer);
  replace_node(graph, id, graph.node(layer).outputs[0]);
  return true;
}

}  // namespace

bool fuse_bias(Graph& graph, const PassContext&) {
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = fuse_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
