// From a model's graph to a plan for given input shapes: specialise, run the passes, build.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/build_plan.h"
#include "graph/graph.h"
#include "thaw/options.h"

namespace thaw {

// The kernels that plans for this device may use. The device must outlive the context.
BuildContext kernels_for(Device& device, const EngineOptions& options);

// The graph as the passes leave it. `shapes` in the order of the graph's inputs; a shape of unknown
// rank leaves the model's own. `times` gets each step and its milliseconds.
Graph optimised_graph(const Graph& graph, const std::vector<Shape>& shapes,
                      const EngineOptions& options,
                      std::vector<std::pair<std::string, double>>* times = nullptr);

}  // namespace thaw
