// How a detector brings pictures to its network's size.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "thaw/inspect.h"

namespace thaw {

// Fills `info.resizer` and `info.input_size` by what the preprocessing of `graph`, a model's own
// before any pass, makes of a square and of a long picture.
void find_resizer(const Graph& graph, const std::vector<TensorInfo>& inputs, DetectorInfo& info);

}  // namespace thaw
