// Passes go down into the graphs of While and If.
#pragma once

#include "graph/graph.h"

namespace thaw {

// Calls fn(Graph&) for each graph that a live While or If of `graph` refers to; says whether any
// call returned true.
template <class F>
bool for_each_nested(Graph& graph, F&& fn) {
  bool changed = false;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (!node.alive) continue;
    if (const auto* loop = node.as<While>()) {
      changed = fn(graph.subgraph(loop->cond)) || changed;
      changed = fn(graph.subgraph(loop->body)) || changed;
    } else if (const auto* branch = node.as<If>()) {
      changed = fn(graph.subgraph(branch->then_branch)) || changed;
      changed = fn(graph.subgraph(branch->else_branch)) || changed;
    }
  }
  return changed;
}

}  // namespace thaw
