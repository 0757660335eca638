// Moves what is constant into the nested graphs that read it, and drops what then nobody passes on:
//   While(i, Const c) with body (i, c) -> (i + c, c)   ->   While(i) with body (i) -> (i + Const)
// A loop variable that only feeds itself, and a capture of an If that no branch reads, go as well.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool sink_constants(Graph& graph, const PassContext& context);

}  // namespace thaw
