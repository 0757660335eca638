// Lets the convolution pad:
//   Conv2D(Pad(x, Const), w) {padding=VALID} -> Conv2D(x, w) {padding=EXPLICIT, pads=...}
#pragma once

#include "passes/pass.h"

namespace thaw {

// Zeros on height and width alone. Not for pooling, where a zero counts and padding does not.
bool fold_padding(Graph& graph, const PassContext& context);

}  // namespace thaw
