// From TensorFlow's nodes to thaw's graph.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "import/frozen_model.h"
#include "import/import_report.h"

namespace thaw {

// The graph of what the model's outputs need: its inputs and outputs are the model's, in their
// order and under their keys. `report` may be null. Throws InputError naming the model's file,
// node, op and attribute, what was expected and what was found; ops that thaw does not have are
// named all at once.
Graph import_graph(FrozenModel model, ImportReport* report);

// The needed op types that thaw does not have, each with one node that uses it.
std::vector<std::pair<std::string, std::string>> unsupported_ops(FrozenModel& model);

}  // namespace thaw
