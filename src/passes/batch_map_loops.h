// A loop that computes the items of a batch one by one computes them all at once:
//   While(i = 0, x, list) {i < n; ListSet(list, i, f(Gather(x, i)))} -> ListStack
//   -> f of the whole batch
#pragma once

#include "passes/pass.h"

namespace thaw {

// For bodies whose every op has a rule in batcher.h; other loops stay.
bool batch_map_loops(Graph& graph, const PassContext& context);

}  // namespace thaw
