// Variables become constants, and what reads them reads those; handles passed into While and If
// become tensors.
#pragma once

#include "import/freeze_inline.h"
#include "import/model_file.h"

namespace thaw {

// `graph` is what inline_calls left. Throws InputError for variables without a value and for nodes
// that write to one.
void freeze_variables(const ModelFile& model, InlinedGraph* graph);

}  // namespace thaw
