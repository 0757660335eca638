// Tensors of a graph that are fed in place of what computes them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "import/find_outputs.h"
#include "import/frozen_model.h"

namespace thaw {

// The tensor that `name` ("node", "node:1") is, with what the file says of its type; false when the
// graph has no such node.
bool find_tensor(const NodeList& nodes, const OpOutputs& ops, const std::string& name,
                 TensorSpec* spec);

// Makes each tensor of `cuts` a Placeholder of its own and `cuts` refer to it: what reads the
// tensor, and outputs that it is, take the Placeholder instead. What computed it stays where it is,
// unless nothing else of it is read.
void cut_graph(NodeList* nodes, std::vector<TensorSpec>* cuts, std::vector<TensorSpec>* outputs);

// Of `tensors`, the types that the file leaves open, as thaw infers them from `part()`, of which
// they are the outputs; they stay open where that can't be imported.
void infer_types(const std::function<FrozenModel()>& part, std::vector<TensorSpec>* tensors);

}  // namespace thaw
