#include "engine/model_graph.h"

#include <string_view>
#include <unordered_map>

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
    if (found == by_key_.end()) return {name, name + ":0", type.dtype, type.shape, {}};
    return {name, found->second->tensor, type.dtype, type.shape, found->second->why};
  }

 private:
  std::unordered_map<std::string_view, const TensorSpec*> by_key_;
};

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

ModelGraph to_model_graph(Graph graph) { return describe_graph(std::move(graph), {}, {}); }

std::vector<TensorInfo> describe_specs(const std::vector<TensorSpec>& specs) {
  std::vector<TensorInfo> infos;
  for (const TensorSpec& spec : specs)
    infos.push_back({spec.key, spec.tensor, dtype_from_tf(spec.dtype), spec.shape, spec.why});
  return infos;
}

}  // namespace thaw
