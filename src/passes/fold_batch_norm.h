// Scales the filter in place of the result:
//   BatchNorm(Conv2D(x, Const), Const...) -> Conv2D(x, Const * m, Const), m = scale / sqrt(variance
//   + epsilon); Binary(Conv2D(x, Const), Const[c]) {Mul} likewise. A BatchNorm of constants after
//   anything else -> Binary(Binary(x, Const) {Mul}, Const) {Add}
#pragma once

#include "passes/pass.h"

namespace thaw {

bool fold_batch_norm(Graph& graph, const PassContext& context);

}  // namespace thaw
