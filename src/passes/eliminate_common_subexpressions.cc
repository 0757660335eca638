#include "passes/eliminate_common_subexpressions.h"

#include <unordered_map>

#include "passes/nested.h"

namespace thaw {
namespace {

size_t hash_node(const Node& node) {
  size_t h = hash_op(node.op);
  for (ValueId v : node.inputs) h = h * 1000003 + v;
  return h;
}

bool may_merge(const Node& node) {
  return !node.as<While>() && !node.as<If>() && !node.as<Assert>() && !node.outputs.empty();
}

}  // namespace

bool eliminate_common_subexpressions(Graph& graph, const PassContext& context) {
  bool changed =
      for_each_nested(graph, [&](Graph& g) { return eliminate_common_subexpressions(g, context); });
  std::unordered_multimap<size_t, NodeId> seen;
  for (NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    if (!may_merge(node)) continue;
    const size_t hash = hash_node(node);
    NodeId twin = kNone;
    const auto [first, last] = seen.equal_range(hash);
    for (auto it = first; it != last && twin == kNone; ++it) {
      const Node& other = graph.node(it->second);
      if (other.inputs == node.inputs && same_op(other.op, node.op)) twin = it->second;
    }
    if (twin == kNone) {
      seen.emplace(hash, id);
      continue;
    }
    for (size_t i = 0; i < node.outputs.size(); ++i)
      graph.replace_uses(node.outputs[i], graph.node(twin).outputs[i]);
    graph.remove_node(id);
    changed = true;
  }
  return changed;
}

}  // namespace thaw
