// Applies the activation within the layer before it:
//   Unary(Conv2D(x, w)) {Relu6} -> Conv2D(x, w) {activation=Relu6}
// after the forms that people write have become Unary:
//   Minimum(Maximum(x, 0), 6), Minimum(Relu(x), 6), Relu(x) - Relu(x - 6) -> Unary(x) {Relu6}
//   Maximum(x, 0) -> Unary(x) {Relu}
#pragma once

#include "passes/pass.h"

namespace thaw {

// Conv2D, DepthwiseConv2D, MatMul and Binary Add.
bool fuse_activation(Graph& graph, const PassContext& context);

}  // namespace thaw
