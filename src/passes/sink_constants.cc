#include "passes/sink_constants.h"

#include <vector>

#include "passes/eliminate_dead_code.h"
#include "passes/nested.h"

namespace thaw {
namespace {

bool passes_through(const Graph& body, size_t i) {
  return body.outputs()[i].value == body.inputs()[i];
}

void make_constant(Graph& graph, size_t input, const Tensor& value) {
  const ValueId v = graph.inputs()[input];
  if (graph.value(v).users.empty() && !graph.is_output(v)) return;
  graph.replace_uses(v, graph.constant(value, graph.value(v).name));
}

// Constants and invariants of a loop: its body reads a constant of its own, what follows the loop
// reads what came in.
bool sink_into_loop(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const While op = *node.as<While>();
  Graph& cond = graph.subgraph(op.cond);
  Graph& body = graph.subgraph(op.body);
  bool changed = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!passes_through(body, i)) continue;
    if (!graph.value(node.outputs[i]).users.empty() || graph.is_output(node.outputs[i])) {
      graph.replace_uses(node.outputs[i], node.inputs[i]);
      changed = true;
    }
    const Tensor* constant = graph.constant_value(node.inputs[i]);
    if (!constant || constant->dtype() == DType::kList) continue;
    const ValueId in = body.inputs()[i];
    const bool read = !body.value(in).users.empty() || !cond.value(cond.inputs()[i]).users.empty();
    if (!read) continue;
    make_constant(cond, i, *constant);
    // The body still hands its own input on, so that the variable stays what it was until it goes.
    const ValueId own = body.constant(*constant, body.value(in).name);
    body.replace_uses(in, own);
    body.set_output(i, in);
    changed = true;
  }
  return changed;
}

// Which variables matter to the condition, to what follows the loop, or to one that matters.
std::vector<bool> needed_variables(const Graph& graph, const Node& node) {
  const While& op = *node.as<While>();
  const Graph& cond = graph.subgraph(op.cond);
  const Graph& body = graph.subgraph(op.body);
  const size_t n = node.inputs.size();
  std::vector<bool> needed(n, false);
  for (size_t i = 0; i < n; ++i) {
    const ValueId out = node.outputs[i];
    const ValueId in = cond.inputs()[i];
    needed[i] = !graph.value(out).users.empty() || graph.is_output(out) ||
                !cond.value(in).users.empty() || cond.is_output(in);
  }
  const std::vector<NodeId> order = body.topological_order();
  for (bool grew = true; grew;) {
    grew = false;
    std::vector<bool> live(body.num_values(), false);
    for (size_t i = 0; i < n; ++i)
      if (needed[i]) live[body.outputs()[i].value] = true;
    for (size_t k = order.size(); k-- > 0;) {
      const Node& inner = body.node(order[k]);
      bool used = inner.as<Assert>() != nullptr;
      for (ValueId v : inner.outputs) used = used || live[v];
      if (!used) continue;
      for (ValueId v : inner.inputs) live[v] = true;
    }
    for (size_t i = 0; i < n; ++i) {
      if (needed[i] || !live[body.inputs()[i]]) continue;
      needed[i] = grew = true;
    }
  }
  return needed;
}

// Makes the node anew without the variables that don't matter.
bool drop_variables(Graph& graph, NodeId id, const PassContext& context) {
  const Node& node = graph.node(id);
  const std::vector<bool> needed = needed_variables(graph, node);
  const While op = *node.as<While>();
  Graph& cond = graph.subgraph(op.cond);
  Graph& body = graph.subgraph(op.body);
  std::vector<ValueId> inputs;
  std::vector<size_t> kept;
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) continue;
    kept.push_back(i);
    inputs.push_back(node.inputs[i]);
  }
  if (kept.size() == needed.size() || kept.empty()) return false;
  for (size_t i = needed.size(); i-- > 0;)
    if (!needed[i]) body.remove_output(i);
  eliminate_dead_code(body, context);
  for (size_t i = needed.size(); i-- > 0;) {
    if (needed[i]) continue;
    body.remove_input(i);
    cond.remove_input(i);
  }
  const NodeId made = graph.add_node(op, inputs, node.name);
  for (size_t k = 0; k < kept.size(); ++k)
    graph.replace_uses(graph.node(id).outputs[kept[k]], graph.node(made).outputs[k]);
  graph.remove_node(id);
  return true;
}

bool sink_into_branches(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const If op = *node.as<If>();
  Graph& then_branch = graph.subgraph(op.then_branch);
  Graph& else_branch = graph.subgraph(op.else_branch);
  std::vector<ValueId> inputs = node.inputs;
  bool changed = false;
  for (size_t i = inputs.size(); i-- > 1;) {
    const size_t capture = i - 1;
    if (const Tensor* constant = graph.constant_value(inputs[i])) {
      make_constant(then_branch, capture, *constant);
      make_constant(else_branch, capture, *constant);
    }
    bool used = false;
    for (const Graph* g : {&then_branch, &else_branch}) {
      const ValueId v = g->inputs()[capture];
      used = used || !g->value(v).users.empty() || g->is_output(v);
    }
    if (used) continue;
    then_branch.remove_input(capture);
    else_branch.remove_input(capture);
    inputs.erase(inputs.begin() + static_cast<long>(i));
    changed = true;
  }
  if (changed) graph.set_inputs(id, inputs);
  return changed;
}

}  // namespace

bool sink_constants(Graph& graph, const PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.topological_order()) {
    if (graph.node(id).as<While>()) {
      changed = sink_into_loop(graph, id) || changed;
      changed = drop_variables(graph, id, context) || changed;
    } else if (graph.node(id).as<If>()) {
      changed = sink_into_branches(graph, id) || changed;
    }
  }
  return for_each_nested(graph, [&](Graph& g) { return sink_constants(g, context); }) || changed;
}

}  // namespace thaw
