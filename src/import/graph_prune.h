// Keeps what given tensors need, by data and by control.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "graph.pb.h"

namespace thaw {

// The names of the nodes that one of `tensors` ("node", "node:1") depends on.
enum class Edges { kData, kAll };
std::unordered_set<std::string> needed_nodes(
    const google::protobuf::RepeatedPtrField<tf::NodeDef>& nodes,
    const std::vector<std::string>& tensors, Edges edges);

// Removes every node that none of `tensors` ("node", "node:1") depends on; keeps the order.
void prune_graph(google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes,
                 const std::vector<std::string>& tensors);

}  // namespace thaw
