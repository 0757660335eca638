// Which nodes of a graph run on the device and which on the host beside it.
#pragma once

#include <string>
#include <vector>

#include "engine/build_plan.h"
#include "graph/graph.h"

namespace thaw {

struct Placement {
  std::vector<Space> spaces;     // by node
  std::vector<std::string> why;  // by node: why it is not on the device; empty where it is
  // The nodes, each behind those it reads, in an order that changes the device seldom.
  std::vector<NodeId> order;
};

// `order` is that of schedule(). Where the device has memory of its own, the cut between the two is
// the one that costs least: each node's time, by Device::speed, and each copy's. That is a minimal
// cut of a network with a vertex for each node and each value (Stone, "Multiprocessor Scheduling
// with the Aid of Network Flow Algorithms", 1977). Segments of the device that then have too few
// nodes (BuildContext::minimum_segment_size) are the host's. A nested graph stays on the host
// whole, and so does what a stored plan or a tuner has there.
Placement place_nodes(const Graph& graph, std::vector<NodeId> order, const BuildContext& context,
                      bool nested);

}  // namespace thaw
