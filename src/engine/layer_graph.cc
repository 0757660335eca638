#include "engine/layer_graph.h"

#include <fmt/format.h>

#include "engine/build_engine.h"
#include "graph/infer_util.h"
#include "passes/eliminate_dead_code.h"
#include "thaw/error.h"

namespace thaw {
namespace {

void check_fits(const Model& model, const TensorInfo& wanted, const Tensor& given) {
  if (!given.defined() && wanted.optional) return;
  if (given.dtype() == wanted.dtype && contains(wanted.shape, given.shape())) return;
  throw InputError(fmt::format("{}: input '{}' takes {}{}, a batch of {} was given", model.path(),
                               wanted.name, dtype_name(wanted.dtype), wanted.shape.str(),
                               given.defined() ? given.str() : "nothing"));
}

}  // namespace

Graph layer_graph(const Model& model, const EngineOptions& options,
                  const std::vector<Shape>& shapes) {
  EngineOptions plain = options;
  plain.precision = Precision::kFloat32;
  return optimised_graph(model.graph(), shapes, plain, Target());
}

std::vector<Shape> shapes_of(const Model& model, const std::vector<std::vector<Tensor>>& batches) {
  const std::vector<TensorInfo>& wanted = model.inputs();
  std::vector<Shape> shapes;
  for (const std::vector<Tensor>& batch : batches) {
    if (batch.size() != wanted.size())
      throw InputError(fmt::format("{}: a batch of {} inputs was given, {} were expected",
                                   model.path(), batch.size(), wanted.size()));
    for (size_t i = 0; i < batch.size(); ++i) {
      check_fits(model, wanted[i], batch[i]);
      const Shape shape = batch[i].defined() ? batch[i].shape() : Shape::unknown();
      if (shapes.size() < wanted.size()) shapes.push_back(shape);
      if (shape != shapes[i])
        throw InputError(fmt::format("{}: batches of input '{}' are {} and {}; one was expected",
                                     model.path(), wanted[i].name, shapes[i].str(), shape.str()));
    }
  }
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
