#include "graph/inline_graph.h"

#include "thaw/error.h"

namespace thaw {
namespace {

// The op as it is in `graph`: nested graphs that it refers to are copied over.
Op rehomed(Graph& graph, const Graph& nested, Op op) {
  if (auto* loop = std::get_if<While>(&op)) {
    loop->cond = graph.add_subgraph(nested.subgraph(loop->cond).clone());
    loop->body = graph.add_subgraph(nested.subgraph(loop->body).clone());
  } else if (auto* branch = std::get_if<If>(&op)) {
    branch->then_branch = graph.add_subgraph(nested.subgraph(branch->then_branch).clone());
    branch->else_branch = graph.add_subgraph(nested.subgraph(branch->else_branch).clone());
  }
  return op;
}

}  // namespace

std::vector<ValueId> inline_graph(Graph& graph, const Graph& nested,
                                  const std::vector<ValueId>& arguments) {
  if (arguments.size() != nested.inputs().size())
    throw InternalError("a nested graph was given the wrong number of arguments");
  std::vector<ValueId> map(nested.num_values(), kNone);
  for (size_t i = 0; i < arguments.size(); ++i) map[nested.inputs()[i]] = arguments[i];
  for (NodeId id : nested.topological_order()) {
    const Node& node = nested.node(id);
    std::vector<ValueId> inputs;
    for (ValueId v : node.inputs) inputs.push_back(map[v]);
    const NodeId copy =
        graph.add_node(rehomed(graph, nested, node.op), std::move(inputs), node.name);
    for (size_t i = 0; i < node.outputs.size(); ++i)
      map[node.outputs[i]] = graph.node(copy).outputs[i];
  }
  std::vector<ValueId> results;
  for (const GraphOutput& output : nested.outputs()) results.push_back(map[output.value]);
  return results;
}

}  // namespace thaw
