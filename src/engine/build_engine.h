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

// EngineOptions::minimum_segment_size where nothing says another.
constexpr int kMinimumSegmentSize = 3;

// What a network's layers take and give.
DType layer_dtype(Precision precision);

// The kernels that plans for this device may use. The device must outlive the context.
BuildContext kernels_for(Device& device, const EngineOptions& options);

// The graph as the passes leave it. `shapes` in the order of the graph's inputs; a shape of unknown
// rank leaves the model's own. `times` gets each step and its milliseconds.
Graph optimised_graph(const Graph& graph, const std::vector<Shape>& shapes,
                      const EngineOptions& options, const Target& target,
                      std::vector<std::pair<std::string, double>>* times = nullptr);

// `shapes` with height and width left open where the graph's input leaves them open.
std::vector<Shape> with_open_sizes(const Graph& graph, std::vector<Shape> shapes);

// The graph's own shapes, or where it says nothing of an input these ranks alone; of unknown rank
// where these are, for an optional input that is not fed.
std::vector<Shape> with_open_extents(const Graph& graph, std::vector<Shape> shapes);

// A picture's shape with 720 for a height and 1280 for a width that is open, to try things on.
Shape with_a_size(Shape picture);

// A graph as the passes leave it, and the input shapes that it serves.
struct PlannedGraph {
  Graph graph;
  std::vector<Shape> shapes;
};
// The graph for inputs of these static shapes; for pictures of all sizes where that leaves no more
// open than theirs does (a resizer brings all to one size, and nothing behind depends on theirs)
// and the target takes such plans.
PlannedGraph planned_graph(const Graph& graph, const std::vector<Shape>& shapes,
                           const EngineOptions& options, const Target& target,
                           std::vector<std::pair<std::string, double>>* times = nullptr);

// Whether what is made for inputs of `planned` shapes takes inputs of `given` ones. A shape of
// unknown rank is that of an optional input that is not fed: it serves such a one alone.
bool serves(const Shape& planned, const Shape& given);
bool serves(const std::vector<Shape>& planned, const std::vector<Shape>& given);

}  // namespace thaw
