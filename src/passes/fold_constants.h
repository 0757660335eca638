// Computes now what does not depend on the inputs:
//   Binary(Const, Const) -> Const;  ShapeOf(x: float32[1,300,300,3]) -> Const;
//   If(Const, x) -> the taken branch's nodes
#pragma once

#include "passes/pass.h"

namespace thaw {

// One sweep in topological order; types get as exact as the new constants allow, also in nested
// graphs. A node that fails to compute is left for the run to report.
bool fold_constants(Graph& graph, const PassContext& context);

}  // namespace thaw
