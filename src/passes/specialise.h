// Fits a graph to the shapes that will be fed to it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace thaw {

// Gives the named inputs these shapes and infers all types anew, nested graphs included. They are
// the inputs that are fed: an optional one (graph/optional_input.h) that is not among them stays
// without users, and its default takes its place. Throws InputError when there is no such input or
// the graph declares another shape.
void specialise(Graph& graph, const std::vector<std::pair<std::string, Shape>>& shapes);

}  // namespace thaw
