// Conv2D 1x1(DepthwiseConv2D(x)) -> SeparableConv2D(x), where nothing else reads the depthwise
// result.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool fuse_separable(Graph& graph, const PassContext& context);

}  // namespace thaw
