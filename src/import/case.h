// A choice among many branches.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace thaw {

// The results of `branches[index]`, or of the last branch when there is none of that number, as
// TensorFlow's Case has it. Every branch takes `captures`; all give as many values. Becomes Ifs
// within each other, as deep as the logarithm of the number of branches.
std::vector<ValueId> add_case(Graph& graph, ValueId index, const std::vector<ValueId>& captures,
                              std::vector<Graph> branches, const std::string& name);

}  // namespace thaw
