// Drops arithmetic that gives back its operand bit for bit:
//   x * 1, x / 1, x - 0, and for integers x + 0  ->  x
#pragma once

#include "passes/pass.h"

namespace thaw {

bool remove_neutral_operands(Graph& graph, const PassContext& context);

}  // namespace thaw
