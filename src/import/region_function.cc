// TF2's control flow: While and If over functions of the library.
#include <fmt/format.h>

#include "import/case.h"
#include "import/freeze_inline.h"
#include "import/op_outputs.h"
#include "import/region.h"
#include "thaw/error.h"

namespace thaw {

GraphRef Region::add_function(int32_t node, const char* attr, const std::vector<ValueId>& inputs) {
  const tf::NodeDef& def = scope_.index().node(node);
  const tf::AttrValue* function = find_attr(def, attr);
  if (!function || !function->has_func())
    throw InputError(fmt::format("{}: attribute '{}' (a function) is missing", shown(def), attr));
  return graph_.add_subgraph(function_graph(def, function->func().name(), inputs));
}

Graph Region::function_graph(const tf::NodeDef& user, const std::string& name,
                             const std::vector<ValueId>& inputs) {
  Scope& scope = state_.function(name, user);
  const auto& args = state_.model.functions.at(name).args;
  const auto& results = state_.model.functions.at(name).results;
  if (args.size() != inputs.size())
    throw InputError(fmt::format("{}: function '{}' takes {} values, {} flow in", shown(user),
                                 shown(name), args.size(), inputs.size()));
  Graph graph;
  Region region(state_, scope, graph, depth_ + 1);
  for (size_t i = 0; i < args.size(); ++i)
    region.bind({static_cast<int32_t>(i), 0},
                graph.add_input(args[i].name, graph_.value(inputs[i]).type));
  region.build(scope.results());
  for (size_t i = 0; i < results.size(); ++i)
    graph.add_output(results[i].name, region.value(scope.results()[i]));
  return graph;
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

void Region::add_functional_case(int32_t node) {
  const tf::NodeDef& def = scope_.index().node(node);
  const std::vector<ValueId> inputs = input_values(node, 0);
  if (inputs.empty()) throw InputError(fmt::format("{}: the index is missing", shown(def)));
  const std::vector<ValueId> captures(inputs.begin() + 1, inputs.end());
  std::vector<Graph> branches;
  for (const std::string& name : function_names(def))
    branches.push_back(function_graph(def, name, captures));
  if (branches.empty())
    throw InputError(fmt::format("{}: attribute 'branches' (functions) is missing", shown(def)));
  set_outputs(node, add_case(graph_, inputs[0], captures, std::move(branches), def.name()));
  ++state_.report.conditions;
}

}  // namespace thaw
