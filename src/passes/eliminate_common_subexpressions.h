// Computes equal things once: a = Exp(x), b = Exp(x) -> b is a. Equal constants become one, too.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool eliminate_common_subexpressions(Graph& graph, const PassContext& context);

}  // namespace thaw
