#include "engine/schedule.h"

#include "ops/traits.h"

namespace thaw {
namespace {

void visit(const Graph& graph, NodeId root, std::vector<bool>& seen, std::vector<NodeId>& order) {
  struct Frame {
    NodeId node;
    size_t next_input;
  };
  if (seen[root]) return;
  seen[root] = true;
  std::vector<Frame> stack{{root, 0}};
  while (!stack.empty()) {
    Frame& top = stack.back();
    const Node& node = graph.node(top.node);
    if (top.next_input == node.inputs.size()) {
      order.push_back(top.node);
      stack.pop_back();
      continue;
    }
    const NodeId producer = graph.value(node.inputs[top.next_input++]).producer;
    if (producer != kNone && !seen[producer]) {
      seen[producer] = true;
      stack.push_back({producer, 0});
    }
  }
}

}  // namespace

std::vector<NodeId> schedule(const Graph& graph) {
  std::vector<bool> seen(graph.num_nodes(), false);
  std::vector<NodeId> order;
  for (NodeId id = 0; id < graph.num_nodes(); ++id)
    if (graph.node(id).alive && graph.node(id).as<Assert>()) visit(graph, id, seen, order);
  for (const GraphOutput& output : graph.outputs()) {
    const NodeId producer = graph.value(output.value).producer;
    if (producer != kNone) visit(graph, producer, seen, order);
  }
  return order;
}

std::vector<Stage> find_stages(const Graph& graph, const std::vector<NodeId>& order) {
  std::vector<bool> after(graph.num_nodes(), false);   // is a layer or comes from one
  std::vector<bool> before(graph.num_nodes(), false);  // is a layer or leads to one
  for (NodeId id : order) {
    after[id] = traits(graph.node(id).op).is_layer;
    for (ValueId v : graph.node(id).inputs)
      if (graph.value(v).producer != kNone && after[graph.value(v).producer]) after[id] = true;
  }
  bool any = false;
  for (size_t i = order.size(); i-- > 0;) {
    const NodeId id = order[i];
    if (traits(graph.node(id).op).is_layer) before[id] = any = true;
    if (!before[id]) continue;
    for (ValueId v : graph.node(id).inputs)
      if (graph.value(v).producer != kNone) before[graph.value(v).producer] = true;
  }
  std::vector<Stage> stages(graph.num_nodes(), Stage::kNetwork);
  for (NodeId id : order) {
    if (any && !before[id]) stages[id] = Stage::kPostprocess;
    if (any && before[id] && !after[id]) stages[id] = Stage::kPreprocess;
  }
  return stages;
}

}  // namespace thaw
