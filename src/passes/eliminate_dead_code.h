// Drops what no output needs: a node whose outputs nobody reads (Asserts stay) -> gone;
// an If's results that nobody reads likewise.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool eliminate_dead_code(Graph& graph, const PassContext& context);

}  // namespace thaw
