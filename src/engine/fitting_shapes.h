// Shapes to feed a model at, where it leaves them open.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "thaw/options.h"

namespace thaw {

// Static shapes for the inputs, of unknown rank for optional ones, which are not fed. Open extents
// are 1, and `side` and 3 channels in pictures (rank 4), where the graph is possible at that; else
// others are tried, for a layer may want a size that no input declares. Empty when none of those
// tried fits: `fault` then says what was wrong with the first.
std::vector<Shape> fitting_shapes(const Graph& graph, const std::vector<TensorInfo>& inputs,
                                  int64_t side, std::string* fault);

// `shapes` of all inputs, or of those alone that must be fed: the optional ones then stay unfed.
std::vector<Shape> fed_shapes(const std::vector<TensorInfo>& inputs,
                              const std::vector<Shape>& shapes);

}  // namespace thaw
