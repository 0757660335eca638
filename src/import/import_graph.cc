#include "import/import_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "import/freeze_inline.h"
#include "import/op_outputs.h"
#include "import/op_table.h"
#include "import/region.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// GraphDefs before this version say "shape unknown" by a shape without dimensions.
constexpr int kScalarPlaceholdersFrom = 24;

struct MissingOp {
  std::string example;
  size_t count = 0;
};
using MissingOps = std::map<std::string, MissingOp>;

Scope top_scope(FrozenModel& model) {
  std::vector<std::string> results, feeds;
  for (const TensorSpec& spec : model.outputs) results.push_back(spec.tensor);
  // An optional input's default is computed where it is not fed.
  for (const TensorSpec& spec : model.inputs)
    if (!spec.optional) feeds.push_back(spec.tensor);
  return Scope(model.nodes, {}, results, feeds);
}

// Notes the needed nodes that can't be imported, and the functions that the others call.
void find_missing(const Scope& scope, MissingOps& missing, std::vector<const tf::NodeDef*>& users) {
  for (int32_t id : scope.needed_nodes()) {
    const tf::NodeDef& node = scope.index().node(id);
    if (is_functional_op(node.op())) users.push_back(&node);
    if (find_op(node.op()) || is_structural_op(node.op())) continue;
    MissingOp& op = missing[node.op()];
    if (op.count++ == 0) op.example = node.name();
  }
}

// Goes through the graph and all functions that it uses.
MissingOps missing_ops(const Scope& top, ImportState& state) {
  MissingOps missing;
  std::vector<const tf::NodeDef*> users;
  std::set<std::string> visited;
  find_missing(top, missing, users);
  top.count(state.report);
  while (!users.empty()) {
    const tf::NodeDef& user = *users.back();
    users.pop_back();
    for (const std::string& name : function_names(user)) {
      if (!visited.insert(name).second) continue;
      const Scope& scope = state.function(name, user);
      find_missing(scope, missing, users);
      scope.count(state.report);
    }
  }
  return missing;
}

void refuse(const MissingOps& missing) {
  constexpr size_t kMaxNamed = 200;
  std::string text;
  size_t named = 0;
  for (const auto& [op, use] : missing) {
    if (named++ == kMaxNamed) break;
    text += fmt::format("{}{} ({} node{}, such as '{}')", named == 1 ? "" : ", ", shown(op),
                        use.count, use.count == 1 ? "" : "s", shown(use.example));
  }
  throw InputError(fmt::format("{} op type{} not supported: {}", missing.size(),
                               missing.size() == 1 ? " is" : "s are", text));
}

TensorType input_type(const TensorSpec& spec, const Scope& scope, TensorRef ref, int producer) {
  const DType dtype = dtype_from_tf(spec.dtype);
  if (dtype == DType::kInvalid)
    throw InputError(fmt::format("input '{}': type {} is not supported", shown(spec.key),
                                 tf_dtype_name(spec.dtype)));
  Shape shape = spec.shape;
  const bool old = producer < kScalarPlaceholdersFrom;
  if (old && shape.has_rank() && shape.rank() == 0 && scope.index().op(ref.node) == "Placeholder")
    shape = Shape::unknown();
  return {dtype, shape};
}

size_t count_nodes(const FrozenModel& model) {
  size_t count = static_cast<size_t>(model.nodes.size());
  for (const auto& [name, function] : model.functions)
    count += static_cast<size_t>(function.nodes.size());
  return count;
}

Graph import_checked(FrozenModel& model, ImportReport& report) {
  constexpr size_t kMinNodes = 1 << 18, kMaxGrowth = 8;
  ImportState state{model, report, {}, std::max(kMinNodes, kMaxGrowth * count_nodes(model)), {}};
  report.producer = model.versions.producer();
  Scope scope = top_scope(model);
  const MissingOps missing = missing_ops(scope, state);
  if (!missing.empty()) refuse(missing);
  Graph graph;
  Region region(state, scope, graph, 0);
  for (const TensorSpec& spec : model.inputs) {
    const TensorRef feed = scope.index().resolve(spec.tensor, "input");
    const ValueId input = graph.add_input(spec.key, input_type(spec, scope, feed, report.producer));
    if (spec.optional)
      region.bind_optional(feed.node, input);
    else
      region.bind(feed, input);
  }
  region.build(scope.results());
  for (size_t i = 0; i < model.outputs.size(); ++i)
    graph.add_output(model.outputs[i].key, region.value(scope.results()[i]));
  return graph;
}

}  // namespace

Graph import_graph(FrozenModel model, ImportReport* report) {
  ImportReport unread;
  try {
    return import_checked(model, report ? *report : unread);
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", model.path, e.what()));
  }
}

std::vector<std::pair<std::string, std::string>> unsupported_ops(FrozenModel& model) {
  try {
    ImportReport unread;
    ImportState state{model, unread, {}, 0, {}};
    const Scope scope = top_scope(model);
    std::vector<std::pair<std::string, std::string>> named;
    for (const auto& [op, use] : missing_ops(scope, state)) named.emplace_back(op, use.example);
    return named;
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", model.path, e.what()));
  }
}

}  // namespace thaw
