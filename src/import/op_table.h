// Every TF op that thaw imports, in one table: its name and its translator.
#pragma once

#include <string>
#include <vector>

#include "import/node_context.h"

namespace thaw {

// Adds what the node means to the graph and returns its outputs' values.
using Translator = Outputs (*)(NodeContext&);

struct OpRow {
  const char* op;
  Translator translate;
  // Input 0 is a TensorArray's handle, which has no value: the flow carries the list.
  bool handle_first = false;
};

// Null when there is no translator for the op. Constants, inputs and control flow have none:
// is_structural_op says which ops region.h takes care of.
const OpRow* find_op(const std::string& op);
bool is_structural_op(const std::string& op);
// The names of all importable ops, sorted.
std::vector<std::string> importable_ops();

// The families, each in ops/<family>.cc.
const std::vector<OpRow>& create_ops();
const std::vector<OpRow>& detection_ops();
const std::vector<OpRow>& elementwise_ops();
const std::vector<OpRow>& fused_ops();
const std::vector<OpRow>& image_ops();
const std::vector<OpRow>& layout_ops();
const std::vector<OpRow>& list_ops();
const std::vector<OpRow>& nn_ops();
const std::vector<OpRow>& parse_ops();
const std::vector<OpRow>& quantized_ops();
const std::vector<OpRow>& reduce_ops();
const std::vector<OpRow>& structure_ops();
const std::vector<OpRow>& text_ops();

}  // namespace thaw
