// Conv2D(ResizeAffine(x)) -> ResizeConv2D(x), where nothing else reads the resized picture.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool fuse_resize_conv(Graph& graph, const PassContext& context);

}  // namespace thaw
