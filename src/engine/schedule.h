// The order of execution, and which part of a detector each node belongs to.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "runtime/plan.h"

namespace thaw {

// The nodes that outputs and Asserts need, each right before what needs it (depth first), so that
// few values are alive at a time.
std::vector<NodeId> schedule(const Graph& graph);

// By node id: preprocess leads to a convolution or matrix product and comes from none, postprocess
// comes from one and leads to none, network is the rest between. A graph without such ops is all
// network.
std::vector<Stage> find_stages(const Graph& graph, const std::vector<NodeId>& order);

}  // namespace thaw
