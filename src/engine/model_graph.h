// A model's graph with the names that people know its tensors by.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "import/frozen_model.h"
#include "thaw/options.h"

namespace thaw {

struct ModelGraph {
  Graph graph;
  std::vector<TensorInfo> inputs;   // as graph.inputs()
  std::vector<TensorInfo> outputs;  // as graph.outputs()
};

ModelGraph to_model_graph(FrozenModel frozen);
// The same of a graph made in memory.
ModelGraph to_model_graph(Graph graph);
// What the model's file says of tensors, when the graph can't be imported.
std::vector<TensorInfo> describe_specs(const std::vector<TensorSpec>& specs);

// Which of the graph's inputs an output depends on.
std::vector<bool> reached_inputs(const Graph& graph);

}  // namespace thaw
