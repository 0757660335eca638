#include "import/find_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "import/find_results.h"
#include "import/graph_prune.h"
#include "import/op_outputs.h"
#include "import/tensor_name.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// What the Object Detection API's exporters call their outputs, in the order people expect.
constexpr const char* kDetectionOutputs[] = {
    "num_detections",           "detection_boxes",
    "detection_scores",         "detection_classes",
    "detection_masks",          "detection_keypoints",
    "detection_anchor_indices", "detection_multiclass_scores",
    "detection_features",       "raw_detection_boxes",
    "raw_detection_scores",
};

bool is_placeholder(const std::string& op) {
  return op == "Placeholder" || op == "PlaceholderV2" || op == "PlaceholderWithDefault";
}

// TensorFlow leaves the shapes it inferred in _output_shapes when it is told to; placeholders and
// iterators declare them.
Shape known_shape(const tf::NodeDef& node, int index) {
  for (const char* name : {"_output_shapes", "output_shapes"}) {
    const tf::AttrValue* attr = find_attr(node, name);
    if (attr && index < attr->list().shape_size())
      return shape_from_tf(attr->list().shape(index),
                           fmt::format("node '{}', attribute {}", node.name(), name));
  }
  const tf::AttrValue* attr = is_placeholder(node.op()) ? find_attr(node, "shape") : nullptr;
  if (!attr) return Shape::unknown();
  return shape_from_tf(attr->shape(), fmt::format("node '{}', attribute shape", node.name()));
}

// Levenshtein's distance, row by row.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string did_you_mean(const std::string& name, const NodeList& nodes) {
  std::vector<std::string> candidates;
  for (const tf::NodeDef& node : nodes) candidates.push_back(node.name());
  const std::vector<std::string> near = nearest_names(name, candidates, 3);
  std::string text = near.empty() ? "" : fmt::format("; nearest: {}", fmt::join(near, ", "));
  std::vector<std::string> found;
  for (const TensorSpec& spec : find_outputs(nodes)) found.push_back(spec.key);
  if (found.size() > 8) found.resize(8);
  if (!found.empty())
    text += fmt::format("; outputs found in the graph: {}", fmt::join(found, ", "));
  return text;
}

}  // namespace

TensorSpec tensor_spec(const tf::NodeDef& node, int index, const OpOutputs& ops, std::string why) {
  TensorSpec spec;
  spec.key = index == 0 ? node.name() : fmt::format("{}:{}", node.name(), index);
  spec.tensor = fmt::format("{}:{}", node.name(), index);
  spec.dtype = ops.dtype(node, index);
  spec.shape = known_shape(node, index);
  spec.why = std::move(why);
  return spec;
}

std::vector<TensorSpec> find_inputs(const NodeList& nodes, const std::vector<TensorSpec>& outputs) {
  std::vector<std::string> tensors;
  for (const TensorSpec& output : outputs) tensors.push_back(output.tensor);
  const std::unordered_set<std::string> needed = needed_nodes(nodes, tensors, Edges::kAll);
  const OpOutputs ops;
  std::vector<TensorSpec> inputs;
  for (const tf::NodeDef& node : nodes) {
    if (!is_placeholder(node.op()) || !needed.count(node.name())) continue;
    inputs.push_back(tensor_spec(node, 0, ops, "a placeholder that the outputs need"));
    inputs.back().optional = node.op() == "PlaceholderWithDefault";
    if (inputs.back().optional) inputs.back().why = "a placeholder with a default";
  }
  return inputs;
}

std::vector<TensorSpec> find_outputs(const NodeList& nodes) {
  const OpOutputs ops;
  std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
  for (const tf::NodeDef& node : nodes) by_name.emplace(node.name(), &node);
  std::vector<TensorSpec> outputs;
  if (by_name.count("detection_boxes") && by_name.count("detection_scores")) {
    for (const char* name : kDetectionOutputs)
      if (const auto it = by_name.find(name); it != by_name.end())
        outputs.push_back(tensor_spec(*it->second, 0, ops, "named as a detector's output"));
    return outputs;
  }
  for (const auto& [node, why] : find_results(nodes, ops))
    outputs.push_back(tensor_spec(*node, 0, ops, why));
  return outputs;
}

std::vector<TensorSpec> named_outputs(const NodeList& nodes, const std::vector<std::string>& names,
                                      const std::string& path) {
  const OpOutputs ops;
  std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
  for (const tf::NodeDef& node : nodes) by_name.emplace(node.name(), &node);
  std::vector<TensorSpec> outputs;
  for (const std::string& name : names) {
    const TensorName parsed = split_tensor_name(name);
    const auto it = by_name.find(parsed.node);
    if (it == by_name.end() || parsed.is_control)
      throw UsageError(fmt::format("{}: there is no node '{}'{}", path, parsed.node,
                                   did_you_mean(std::string(parsed.node), nodes)));
    const int count = ops.count(*it->second);
    if (count >= 0 && parsed.index >= count)
      throw UsageError(fmt::format("{}: node '{}' ({}) has {} output{}, '{}' was asked for", path,
                                   parsed.node, it->second->op(), count, count == 1 ? "" : "s",
                                   name));
    outputs.push_back(tensor_spec(*it->second, parsed.index, ops, "asked for"));
  }
  return outputs;
}

std::vector<std::string> nearest_names(const std::string& name,
                                       const std::vector<std::string>& candidates, size_t count) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const size_t longest = std::max(name.size(), candidate.size());
    const size_t shortest = std::min(name.size(), candidate.size());
    if (longest > 256 || longest - shortest > longest / 2) continue;
    const size_t distance = edit_distance(name, candidate);
    if (distance * 2 <= longest) near.emplace_back(distance, candidate);
  }
  std::sort(near.begin(), near.end());
  if (near.size() > count) near.resize(count);
  std::vector<std::string> names;
  for (auto& entry : near) names.push_back(std::move(entry.second));
  return names;
}

}  // namespace thaw
