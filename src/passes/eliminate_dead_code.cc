#include "passes/eliminate_dead_code.h"

#include "passes/nested.h"

namespace thaw {
namespace {

bool is_used(const Graph& graph, ValueId v) {
  return !graph.value(v).users.empty() || graph.is_output(v);
}

// Makes an If anew without the results that nobody reads.
bool drop_results(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const If op = *node.as<If>();
  std::vector<ValueId> kept;
  for (ValueId v : node.outputs)
    if (is_used(graph, v)) kept.push_back(v);
  if (kept.size() == node.outputs.size()) return false;
  for (size_t i = node.outputs.size(); i-- > 0;) {
    if (is_used(graph, node.outputs[i])) continue;
    graph.subgraph(op.then_branch).remove_output(i);
    graph.subgraph(op.else_branch).remove_output(i);
  }
  const NodeId made = graph.add_node(op, node.inputs, node.name);
  for (size_t i = 0; i < kept.size(); ++i) graph.replace_uses(kept[i], graph.node(made).outputs[i]);
  graph.remove_node(id);
  return true;
}

}  // namespace

bool eliminate_dead_code(Graph& graph, const PassContext& context) {
  bool changed = false;
  const std::vector<NodeId> order = graph.topological_order();
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = graph.node(order[i]);
    if (node.as<Assert>()) continue;
    bool used = false;
    for (ValueId v : node.outputs) used = used || is_used(graph, v);
    if (used) {
      if (node.as<If>()) changed = drop_results(graph, order[i]) || changed;
      continue;
    }
    graph.remove_node(order[i]);
    changed = true;
  }
  return for_each_nested(graph, [&](Graph& g) { return eliminate_dead_code(g, context); }) ||
         changed;
}

}  // namespace thaw
