#include "engine/model_graph.h"

#include "import/import_graph.h"
#include "import/tensor_proto.h"

namespace thaw {
namespace {

TensorInfo describe(const std::string& name, const TensorType& type,
                    const std::vector<TensorSpec>& specs) {
  for (const TensorSpec& spec : specs)
    if (spec.key == name) return {name, spec.tensor, type.dtype, type.shape, spec.why};
  return {name, name + ":0", type.dtype, type.shape, {}};
}

ModelGraph describe_graph(Graph graph, const std::vector<TensorSpec>& inputs,
                          const std::vector<TensorSpec>& outputs) {
  ModelGraph model;
  for (ValueId v : graph.inputs())
    model.inputs.push_back(describe(graph.value(v).name, graph.value(v).type, inputs));
  for (const GraphOutput& output : graph.outputs())
    model.outputs.push_back(describe(output.name, graph.value(output.value).type, outputs));
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
