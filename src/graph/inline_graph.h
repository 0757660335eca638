// Puts one graph into another.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace thaw {

// Copies the nodes of `nested` into `graph`, with `arguments` in place of its inputs, and returns
// the values of its outputs. Constants' buffers are shared; graphs nested deeper are cloned.
std::vector<ValueId> inline_graph(Graph& graph, const Graph& nested,
                                  const std::vector<ValueId>& arguments);

}  // namespace thaw
