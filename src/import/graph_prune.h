// Keeps what given tensors need, by data and by control.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "graph.pb.h"

namespace thaw {

// Removes every node that none of `tensors` ("node", "node:1") depends on; keeps the order.
void prune_graph(google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes,
                 const std::vector<std::string>& tensors);

}  // namespace thaw
