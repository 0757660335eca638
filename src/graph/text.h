// The text form of a graph, for people, tests and dumps. It parses back to an equal graph.
//
//   graph(%image: uint8[1,?,?,3]) {
//     %1: float32[1,?,?,3] = Cast(%image) {dtype=float32} "Preprocessor/Cast"
//     %2: float32[] = Const() {value=float32[]{0.5}}
//     %3: float32[1,?,?,3] = Binary(%1, %2) {kind=Mul}
//     return out=%3
//   }
//
// Values are %number or %name; attributes equal to their defaults are left out; nested graphs are
// printed as attributes body={ graph(...) {...} }.
#pragma once

#include <string>

#include "graph/graph.h"

namespace thaw {

struct TextOptions {
  // Constants of more elements are printed as "...", and then the text does not parse back;
  // negative prints all.
  int64_t max_constant_elements = -1;
  bool names = true;  // the nodes' names in quotes
};

// One op with the attributes that differ from their defaults: "Conv2D {padding=SAME}". Tensors are
// shortened.
std::string op_text(const Op& op);

std::string to_text(const Graph& graph, const TextOptions& options = {});
// Throws InputError with line and column.
Graph parse_graph(const std::string& text);

}  // namespace thaw
