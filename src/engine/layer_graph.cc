#include "engine/layer_graph.h"

#include "engine/build_engine.h"
#include "passes/eliminate_dead_code.h"

namespace thaw {

Graph layer_graph(const Model& model, const EngineOptions& options,
                  const std::vector<Shape>& shapes) {
  EngineOptions plain = options;
  plain.precision = Precision::kFloat32;
  return optimised_graph(model.graph(), shapes, plain, Target());
}

std::vector<Shape> shapes_of(const std::vector<Tensor>& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& t : inputs) shapes.push_back(t.defined() ? t.shape() : Shape::unknown());
  return shapes;
}

std::vector<NodeId> layers_of(const Graph& graph) {
  std::vector<NodeId> layers;
  for (const NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    if (node.as<Conv2D>() || node.as<DepthwiseConv2D>()) layers.push_back(id);
  }
  return layers;
}

void set_outputs(Graph& graph, const std::vector<ValueId>& values) {
  for (size_t i = graph.outputs().size(); i-- > 0;) graph.remove_output(i);
  for (const ValueId value : values) graph.add_output(graph.producer(value)->name, value);
  eliminate_dead_code(graph, {});
}

}  // namespace thaw
