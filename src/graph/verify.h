// Checks a graph's invariants.
#pragma once

#include "graph/graph.h"

namespace thaw {

// Throws InternalError naming the first thing that is wrong: ids out of range, users that don't
// match inputs, dead nodes in use, cycles, types that inference contradicts, nested graphs whose
// signatures don't fit their node. Goes down into nested graphs.
void verify(const Graph& graph);

}  // namespace thaw
