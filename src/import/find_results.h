// Which nodes of a graph that says nothing of its outputs compute a result.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "import/find_outputs.h"

namespace thaw {

// In the order of the graph, each with why it was taken:
// - what no node takes as data, other than constants, placeholders, and what training, saving,
//   input pipelines, assertions and conditions (their pivots) leave;
// - what only summaries and the like look at, directly or through a statistic (a mean), where it
//   depends on an input. Where there are others, scalars that are looked at are taken for
//   statistics of them.
// - where there is none of these, or nothing else hangs loose in the graph: what loops leave behind
//   (Exit).
// What is in a loop, or in one branch of a condition, is no result.
std::vector<std::pair<const tf::NodeDef*, std::string>> find_results(const NodeList& nodes,
                                                                     const OpOutputs& ops);

}  // namespace thaw
