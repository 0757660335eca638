#include "import/cut_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "import/import_graph.h"
#include "import/op_outputs.h"
#include "import/tensor_name.h"
#include "import/tensor_proto.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using Names = std::unordered_map<std::string, std::string>;  // a tensor, the Placeholder for it

void make_placeholder(const TensorSpec& spec, tf::NodeDef* node) {
  node->set_op("Placeholder");
  node->clear_input();
  node->clear_attr();
  (*node->mutable_attr())["dtype"].set_type(spec.dtype);
  shape_to_tf(spec.shape, (*node->mutable_attr())["shape"].mutable_shape());
}

// Nodes of which something other than a tensor of `cuts` is read.
std::unordered_set<std::string> used_besides(const NodeList& nodes, const Names& cuts,
                                             const std::vector<TensorSpec>& outputs) {
  std::unordered_set<std::string> used;
  const auto note = [&](const std::string& tensor) {
    const TensorName name = split_tensor_name(tensor);
    if (!name.is_control && !cuts.count(join_tensor_name(name.node, name.index)))
      used.emplace(name.node);
  };
  for (const tf::NodeDef& node : nodes)
    for (const std::string& input : node.input()) note(input);
  for (const TensorSpec& output : outputs) note(output.tensor);
  return used;
}

}  // namespace

bool find_tensor(const NodeList& nodes, const OpOutputs& ops, const std::string& name,
                 TensorSpec* spec) {
  const TensorName parsed = split_tensor_name(name);
  if (parsed.is_control) return false;
  for (const tf::NodeDef& node : nodes) {
    if (node.name() != parsed.node) continue;
    *spec = tensor_spec(node, parsed.index, ops, "asked for");
    return true;
  }
  return false;
}

void cut_graph(NodeList* nodes, std::vector<TensorSpec>* cuts, std::vector<TensorSpec>* outputs) {
  Names placeholders;
  std::unordered_set<std::string> taken;
  for (const tf::NodeDef& node : *nodes) taken.insert(node.name());
  for (const TensorSpec& cut : *cuts) {
    const TensorName name = split_tensor_name(cut.tensor);
    placeholders.emplace(join_tensor_name(name.node, name.index), "");
  }
  const std::unordered_set<std::string> used = used_besides(*nodes, placeholders, *outputs);
  std::unordered_map<std::string, const TensorSpec*> in_place;
  std::vector<tf::NodeDef> added;
  for (TensorSpec& cut : *cuts) {
    const TensorName name = split_tensor_name(cut.tensor);
    std::string node(name.node);
    std::string& placeholder = placeholders[join_tensor_name(name.node, name.index)];
    if (placeholder.empty() && name.index == 0 && !used.count(node)) {
      in_place.emplace(node, &cut);
      placeholder = node;
    } else if (placeholder.empty()) {
      placeholder = fmt::format("{}_{}", node, name.index);
      while (!taken.insert(placeholder).second) placeholder += "_fed";
      make_placeholder(cut, &added.emplace_back());
      added.back().set_name(placeholder);
    }
    cut.tensor = placeholder + ":0";
  }
  const auto moved = [&](const std::string& tensor) -> const std::string* {
    const TensorName name = split_tensor_name(tensor);
    if (name.is_control) return nullptr;
    const auto it = placeholders.find(join_tensor_name(name.node, name.index));
    return it == placeholders.end() ? nullptr : &it->second;
  };
  for (tf::NodeDef& node : *nodes) {
    if (const auto it = in_place.find(node.name()); it != in_place.end())
      make_placeholder(*it->second, &node);
    for (std::string& input : *node.mutable_input())
      if (const std::string* to = moved(input)) input = *to;
  }
  for (TensorSpec& output : *outputs)
    if (const std::string* to = moved(output.tensor)) output.tensor = *to + ":0";
  for (tf::NodeDef& node : added) *nodes->Add() = std::move(node);
}

void infer_types(const std::function<FrozenModel()>& part, std::vector<TensorSpec>* tensors) {
  const bool known = std::all_of(tensors->begin(), tensors->end(), [](const TensorSpec& spec) {
    return spec.dtype != tf::DT_INVALID && spec.shape.is_static();
  });
  if (known) return;
  try {
    const Graph graph = import_graph(part(), nullptr);
    for (size_t i = 0; i < tensors->size(); ++i) {
      const TensorType& type = graph.value(graph.outputs()[i].value).type;
      TensorSpec& spec = (*tensors)[i];
      if (spec.dtype == tf::DT_INVALID) spec.dtype = dtype_to_tf(type.dtype);
      if (!spec.shape.is_static()) spec.shape = type.shape;
    }
  } catch (const Error&) {  // what comes before the cut need not be possible
  }
}

}  // namespace thaw
