// Which tensor of the checkpoint each variable of a SavedModel takes its value from.
#pragma once

#include <map>
#include <string>

#include "import/model_file.h"
#include "saved_model.pb.h"

namespace thaw {

// By the node of the top graph that owns the variable. Follows what the model's own restore op
// does: RestoreV2 -> Assign or AssignVariableOp, directly (TF1) or within functions (TF2).
// Variables it doesn't reach are looked up by name. `bundle` may be null.
std::map<std::string, VariableSource> find_variables(const tf::MetaGraphDef& meta,
                                                     const TensorBundle* bundle);

}  // namespace thaw
