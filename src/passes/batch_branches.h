// A batch whose images are computed side by side is computed at once, as graphs with a static batch
// have it:
//   Pack(f(x0), f(x1), ...) of Unpack(x) -> f of the whole batch
#pragma once

#include "passes/pass.h"

namespace thaw {

// For branches that are node for node alike and whose every op has a rule in batcher.h.
bool batch_branches(Graph& graph, const PassContext& context);

}  // namespace thaw
