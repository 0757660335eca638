// What running a node costs.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace thaw {

// Multiply-accumulates of convolutions and matrix products; 0 for other ops and -1 when the shapes
// are not known.
int64_t count_macs(const Graph& graph, const Node& node);
// For a node with such: the numbers that it multiplies, kInt8 where both are bytes; and
// [rows, length, columns] of its matrix product (a separable layer's second), [] when it has none.
DType multiplied_numbers(const Graph& graph, const Node& node);
Shape matrix_product(const Graph& graph, const Node& node);

}  // namespace thaw
