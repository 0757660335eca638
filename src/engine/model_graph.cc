#include "engine/model_graph.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "graph/optional_input.h"
#include "import/import_graph.h"
#include "import/tensor_proto.h"

namespace thaw {
namespace {

class Specs {
 public:
  explicit Specs(const std::vector<TensorSpec>& specs) {
    for (const TensorSpec& spec : specs) by_key_.emplace(spec.key, &spec);
  }
  TensorInfo describe(const std::string& name, const TensorType& type) const {
    const auto found = by_key_.find(name);
    if (found == by_key_.end()) return {name, name + ":0", type.dtype, type.shape, {}, false};
    const TensorSpec& spec = *found->second;
    return {name, spec.tensor, type.dtype, type.shape, spec.why, spec.optional};
  }

 private:
  std::unordered_map<std::string_view, const TensorSpec*> by_key_;
};

bool is_optional(const Graph& graph, ValueId input) {
  const auto& users = graph.value(input).users;
  return std::any_of(users.begin(), users.end(), [&](NodeId user) {
    return is_optional_input(graph.node(user)) && graph.node(user).inputs[0] == input;
  });
}

ModelGraph describe_graph(Graph graph, const std::vector<TensorSpec>& inputs,
                          const std::vector<TensorSpec>& outputs) {
  const Specs in(inputs);
  const Specs out(outputs);
  ModelGraph model;
  for (ValueId v : graph.inputs())
    model.inputs.push_back(in.describe(graph.value(v).name, graph.value(v).type));
  for (const GraphOutput& output : graph.outputs())
    model.outputs.push_back(out.describe(output.name, graph.value(output.value).type));
  model.graph = std::move(graph);
  return model;
}

}  // namespace

ModelGraph to_model_graph(FrozenModel frozen) {
  const std::vector<TensorSpec> inputs = frozen.inputs;
  const std::vector<TensorSpec> outputs = frozen.outputs;
  return describe_graph(import_graph(std::move(frozen), nullptr), inputs, outputs);
}

ModelGraph to_model_graph(Graph graph) {
  ModelGraph model = describe_graph(std::move(graph), {}, {});
  for (size_t i = 0; i < model.inputs.size(); ++i)
    model.inputs[i].optional = is_optional(model.graph, model.graph.inputs()[i]);
  return model;
}

std::vector<bool> reached_inputs(const Graph& graph) {
  std::vector<bool> seen(graph.num_values(), false);
  std::vector<ValueId> open;
  for (const GraphOutput& output : graph.outputs()) open.push_back(output.value);
  while (!open.empty()) {
    const ValueId value = open.back();
    open.pop_back();
    if (seen[value]) continue;
    seen[value] = true;
    if (const Node* node = graph.producer(value))
      open.insert(open.end(), node->inputs.begin(), node->inputs.end());
  }
  std::vector<bool> reached;
  for (const ValueId input : graph.inputs()) reached.push_back(seen[input]);
  return reached;
}

std::vector<TensorInfo> describe_specs(const std::vector<TensorSpec>& specs) {
  std::vector<TensorInfo> infos;
  for (const TensorSpec& spec : specs)
    infos.push_back(
        {spec.key, spec.tensor, dtype_from_tf(spec.dtype), spec.shape, spec.why, spec.optional});
  return infos;
}

}  // namespace thaw
