// A model's network in float32 as the passes leave it before precision is lowered: its layers have
// the names that calibrations know them by.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "thaw/model.h"
#include "thaw/options.h"

namespace thaw {

// For inputs of these shapes (none: the model's own), on a host without special forms of layers.
Graph layer_graph(const Model& model, const EngineOptions& options,
                  const std::vector<Shape>& shapes);
// The input shapes of the batches, which there must be. Throws InputError where one does not fit
// the model, or has other shapes than the first.
std::vector<Shape> shapes_of(const Model& model, const std::vector<std::vector<Tensor>>& batches);

// Convolutions, depthwise ones too, in the order in which they run.
std::vector<NodeId> layers_of(const Graph& graph);

// The graph's outputs are these values alone, named after the nodes that make them; what nobody
// needs any more is gone.
void set_outputs(Graph& graph, const std::vector<ValueId>& values);

}  // namespace thaw
