#include "passes/specialise.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "graph/infer.h"
#include "graph/infer_util.h"
#include "graph/optional_input.h"
#include "thaw/error.h"

namespace thaw {
namespace {

void decide_optional_inputs(Graph& graph, const std::unordered_set<ValueId>& fed) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (!node.alive || !is_optional_input(node)) continue;
    const bool is_fed = fed.count(node.inputs[0]) > 0;
    graph.replace_uses(node.outputs[0], node.inputs[is_fed ? 0 : 1]);
    graph.remove_node(id);
  }
}

}  // namespace

void specialise(Graph& graph, const std::vector<std::pair<std::string, Shape>>& shapes) {
  std::unordered_map<std::string, ValueId> inputs;
  std::unordered_set<ValueId> fed;
  for (ValueId v : graph.inputs()) inputs[graph.value(v).name] = v;
  for (const auto& [name, shape] : shapes) {
    const auto found = inputs.find(name);
    if (found == inputs.end()) throw InputError(fmt::format("the graph has no input '{}'", name));
    const ValueId input = found->second;
    const TensorType& declared = graph.value(input).type;
    if (!contains(declared.shape, shape))
      throw InputError(fmt::format("input '{}' takes the shape {}, {} was given", name,
                                   declared.shape.str(), shape.str()));
    graph.set_type(input, {declared.dtype, shape});
    fed.insert(input);
  }
  decide_optional_inputs(graph, fed);
  infer_all(graph, TypeFlow::kNarrow);
}

}  // namespace thaw
