// Which tensors of a graph without a signature are its inputs and outputs, and why.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "import/model_file.h"

namespace thaw {

class OpOutputs;

using NodeList = google::protobuf::RepeatedPtrField<tf::NodeDef>;

// Placeholders that `outputs` need, by data or control, in the order of the graph. Those with a
// default are optional.
std::vector<TensorSpec> find_inputs(const NodeList& nodes, const std::vector<TensorSpec>& outputs);

// Output `index` of the node, with what the file says of its type.
TensorSpec tensor_spec(const tf::NodeDef& node, int index, const OpOutputs& ops, std::string why);

// The outputs of an Object Detection API export where num_detections is there; otherwise what
// find_results takes for results.
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
