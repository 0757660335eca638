#include "passes/remove_asserts.h"

#include "passes/nested.h"

namespace thaw {

bool remove_asserts(Graph& graph, const PassContext& context) {
  bool changed = for_each_nested(graph, [&](Graph& g) { return remove_asserts(g, context); });
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!graph.node(id).alive || !graph.node(id).as<Assert>()) continue;
    graph.remove_node(id);
    changed = true;
  }
  return changed;
}

}  // namespace thaw
