// A model's input that takes a default where it is not fed (TF: PlaceholderWithDefault) is an
// Identity of two values, the graph's input and the default, which is computed. It stands in a
// model's own graph alone: specialise knows what is fed and puts that in its place.
#pragma once

#include "graph/graph.h"

namespace thaw {

inline bool is_optional_input(const Node& node) {
  return node.as<Identity>() && node.inputs.size() == 2;
}

}  // namespace thaw
