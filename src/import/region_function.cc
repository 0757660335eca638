// TF2's control flow: While and If over functions of the library.
#include <fmt/format.h>

#include "import/op_outputs.h"
#include "import/region.h"
#include "thaw/error.h"

namespace thaw {

GraphRef Region::add_function(int32_t node, const char* attr, const std::vector<ValueId>& inputs) {
  const tf::NodeDef& def = scope_.index().node(node);
  const tf::AttrValue* function = find_attr(def, attr);
  if (!function || !function->has_func())
    throw InputError(fmt::format("{}: attribute '{}' (a function) is missing", shown(def), attr));
  const std::string& name = function->func().name();
  Scope& scope = state_.function(name, def);
  const auto& args = state_.model.functions.at(name).args;
  const auto& results = state_.model.functions.at(name).results;
  if (args.size() != inputs.size())
    throw InputError(fmt::format("{}: function '{}' takes {} values, {} flow in", shown(def),
                                 shown(name), args.size(), inputs.size()));
  Graph graph;
  Region region(state_, scope, graph, depth_ + 1);
  for (size_t i = 0; i < args.size(); ++i)
    region.bind({static_cast<int32_t>(i), 0},
                graph.add_input(args[i].name, graph_.value(inputs[i]).type));
  region.build(scope.results());
  for (size_t i = 0; i < results.size(); ++i)
    graph.add_output(results[i].name, region.value(scope.results()[i]));
  return graph_.add_subgraph(std::move(graph));
}

void Region::add_functional_while(int32_t node) {
  const std::vector<ValueId> inputs = input_values(node, 0);
  While loop;
  loop.cond = add_function(node, "cond", inputs);
  loop.body = add_function(node, "body", inputs);
  const NodeId id = graph_.add_node(loop, inputs, scope_.index().node(node).name());
  set_outputs(node, graph_.node(id).outputs);
  ++state_.report.loops;
}

void Region::add_functional_if(int32_t node) {
  const std::vector<ValueId> inputs = input_values(node, 0);
  if (inputs.empty())
    throw InputError(fmt::format("{}: the predicate is missing", shown(scope_.index().node(node))));
  const std::vector<ValueId> captures(inputs.begin() + 1, inputs.end());
  If branches;
  branches.then_branch = add_function(node, "then_branch", captures);
  branches.else_branch = add_function(node, "else_branch", captures);
  const NodeId id = graph_.add_node(branches, inputs, scope_.index().node(node).name());
  set_outputs(node, graph_.node(id).outputs);
  ++state_.report.conditions;
}

}  // namespace thaw
