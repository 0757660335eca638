// Conv2D(x, f), Conv2D(x, g) that are alike but for their filters -> ConvHeads(x, f, g).
#pragma once

#include "passes/pass.h"

namespace thaw {

bool merge_heads(Graph& graph, const PassContext& context);

}  // namespace thaw
