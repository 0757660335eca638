// Adds a constant vector within the layer before it:
//   Binary(Conv2D(x, filter), Const[c]) {Add} -> Conv2D(x, filter, Const[c])
#pragma once

#include "passes/pass.h"

namespace thaw {

// Conv2D, DepthwiseConv2D and MatMul; Sub counts as adding the negative; a constant bias that the
// layer has already is added to.
bool fuse_bias(Graph& graph, const PassContext& context);

}  // namespace thaw
