// Drops assertions: Assert(condition, data) -> nothing. Without them a run that would have failed
// goes on; disable this pass to keep them.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool remove_asserts(Graph& graph, const PassContext& context);

}  // namespace thaw
