// Which tensors of a graph without a signature are its inputs and outputs, and why.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "import/model_file.h"

namespace thaw {

using NodeList = google::protobuf::RepeatedPtrField<tf::NodeDef>;

// Placeholders that something consumes, in the order of the graph.
std::vector<TensorSpec> find_inputs(const NodeList& nodes);

// The outputs of an Object Detection API export where num_detections is there; otherwise what
// nobody consumes, other than assertions, constants and placeholders.
std::vector<TensorSpec> find_outputs(const NodeList& nodes);

// The outputs that `names` asks for ("node" or "node:1"). Throws UsageError for a name that is not
// in the graph, with the nearest ones.
std::vector<TensorSpec> named_outputs(const NodeList& nodes, const std::vector<std::string>& names,
                                      const std::string& path);

// Up to `count` of `candidates` that differ least from `name` by edit distance; none that differ by
// more than half.
std::vector<std::string> nearest_names(const std::string& name,
                                       const std::vector<std::string>& candidates, size_t count);

}  // namespace thaw
