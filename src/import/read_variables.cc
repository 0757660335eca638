#include "import/read_variables.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "import/op_outputs.h"
#include "import/tensor_bundle.h"
#include "import/tensor_name.h"
#include "import/tensor_proto.h"

namespace thaw {
namespace {

using NodeList = google::protobuf::RepeatedPtrField<tf::NodeDef>;

// Restore functions call others at most this deep.
constexpr int kMaxDepth = 8;
// Longest chain of Identity between a restored tensor and its assignment.
constexpr int kMaxHops = 16;

bool is_variable(const std::string& op) {
  return op == "VarHandleOp" || op == "VariableV2" || op == "Variable";
}

bool is_call(const std::string& op) {
  return op == "StatefulPartitionedCall" || op == "PartitionedCall";
}

// The node that a reference within a graph or function body names: what stands before the first
// ':' ("node:1", "node:tensors:1").
std::string_view node_of(std::string_view input) {
  if (!input.empty() && input[0] == '^') input.remove_prefix(1);
  return input.substr(0, input.find(':'));
}

int index_of(std::string_view input) {
  const size_t colon = input.rfind(':');
  return colon == std::string_view::npos ? 0 : split_tensor_name(input).index;
}

class RestoreReader {
 public:
  RestoreReader(const tf::MetaGraphDef& meta, std::map<std::string, VariableSource>* variables)
      : variables_(variables) {
    for (const tf::FunctionDef& f : meta.graph_def().library().function())
      functions_.emplace(f.signature().name(), &f);
  }

  // `handles` are the variables that the arguments of a function stand for. Only nodes in `wanted`
  // (all when empty) are looked at.
  void read(const NodeList& nodes, const std::unordered_map<std::string, std::string>& handles,
            const std::unordered_set<std::string_view>& wanted, int depth) {
    Body body{{}, handles};
    for (const tf::NodeDef& node : nodes) body.nodes.emplace(node.name(), &node);
    for (const tf::NodeDef& node : nodes) {
      if (!wanted.empty() && !wanted.count(node.name())) continue;
      if (node.op() == "Assign" || node.op() == "AssignVariableOp")
        read_assignment(body, node);
      else if (is_call(node.op()) && depth < kMaxDepth)
        read_call(body, node, depth);
    }
  }

 private:
  struct Body {
    std::unordered_map<std::string_view, const tf::NodeDef*> nodes;
    const std::unordered_map<std::string, std::string>& handles;

    const tf::NodeDef* find(std::string_view name) const {
      const auto it = nodes.find(name);
      return it == nodes.end() ? nullptr : it->second;
    }
  };

  // The variable that `input` refers to; "" when it is none.
  static std::string variable_of(const Body& body, std::string_view input) {
    for (int hop = 0; hop < kMaxHops; ++hop) {
      const std::string_view name = node_of(input);
      if (const auto it = body.handles.find(std::string(name)); it != body.handles.end())
        return it->second;
      const tf::NodeDef* node = body.find(name);
      if (!node) return "";
      if (is_variable(node->op())) return node->name();
      if (node->op() != "Identity" || node->input_size() == 0) return "";
      input = node->input(0);
    }
    return "";
  }

  void read_assignment(const Body& body, const tf::NodeDef& node) {
    if (node.input_size() < 2) return;
    const std::string variable = variable_of(body, node.input(0));
    std::string_view input = node.input(1);
    for (int hop = 0; hop < kMaxHops && !variable.empty(); ++hop) {
      const tf::NodeDef* source = body.find(node_of(input));
      if (!source || source->input_size() == 0) return;
      if (source->op() == "RestoreV2") {
        if (const auto found = restored(body, *source, index_of(input)))
          variables_->emplace(variable, *found);
        return;
      }
      if (source->op() != "Identity") return;
      input = source->input(0);
    }
  }

  static std::optional<VariableSource> restored(const Body& body, const tf::NodeDef& restore,
                                                int index) {
    if (restore.input_size() < 3) return std::nullopt;
    const auto text = [&](int input) -> std::optional<std::string> {
      const tf::NodeDef* node = body.find(node_of(restore.input(input)));
      const tf::AttrValue* value = node ? find_attr(*node, "value") : nullptr;
      if (!value || value->tensor().dtype() != tf::DT_STRING) return std::nullopt;
      const tf::TensorProto& tensor = value->tensor();
      if (tensor.string_val_size() == 0) return "";
      // The last value stands for all that follow.
      return tensor.string_val(std::min(index, tensor.string_val_size() - 1));
    };
    const auto key = text(1);
    const auto slice = text(2);
    if (!key || !slice) return std::nullopt;
    return VariableSource{*key, *slice};
  }

  void read_call(const Body& body, const tf::NodeDef& node, int depth) {
    const tf::AttrValue* attr = find_attr(node, "f");
    const auto it = functions_.find(attr ? attr->func().name() : "");
    if (it == functions_.end()) return;
    const tf::FunctionDef& f = *it->second;
    std::unordered_map<std::string, std::string> handles;
    for (int i = 0; i < f.signature().input_arg_size() && i < node.input_size(); ++i) {
      const std::string variable = variable_of(body, node.input(i));
      if (!variable.empty()) handles.emplace(f.signature().input_arg(i).name(), variable);
    }
    if (!handles.empty()) read(f.node_def(), handles, {}, depth + 1);
  }

  std::unordered_map<std::string, const tf::FunctionDef*> functions_;
  std::map<std::string, VariableSource>* variables_;
};

// Everything the node `root` waits for, itself included.
std::unordered_set<std::string_view> ancestors(const NodeList& nodes, std::string_view root) {
  std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
  for (const tf::NodeDef& node : nodes) by_name.emplace(node.name(), &node);
  std::unordered_set<std::string_view> seen;
  std::vector<std::string_view> open{root};
  while (!open.empty()) {
    const auto it = by_name.find(open.back());
    open.pop_back();
    if (it == by_name.end() || !seen.insert(it->first).second) continue;
    for (const std::string& input : it->second->input()) open.push_back(node_of(input));
  }
  return seen;
}

// Names of variables to keys of an object-based checkpoint, as its own object graph has them.
std::map<std::string, std::string> keys_by_full_name(const TensorBundle& bundle) {
  constexpr const char* kObjectGraph = "_CHECKPOINTABLE_OBJECT_GRAPH";
  std::map<std::string, std::string> keys;
  if (!bundle.contains(kObjectGraph)) return keys;
  const Tensor tensor = bundle.read(kObjectGraph);
  tf::TrackableObjectGraph graph;
  if (tensor.dtype() != DType::kString || tensor.num_elements() != 1 ||
      !graph.ParseFromString(tensor.data<std::string>()[0]))
    return keys;
  for (const auto& object : graph.nodes())
    for (const auto& attribute : object.attributes())
      keys.emplace(attribute.full_name(), attribute.checkpoint_key());
  return keys;
}

}  // namespace

std::map<std::string, VariableSource> find_variables(const tf::MetaGraphDef& meta,
                                                     const TensorBundle* bundle) {
  std::map<std::string, VariableSource> variables;
  const NodeList& nodes = meta.graph_def().node();
  const std::string restore(node_of(meta.saver_def().restore_op_name()));
  RestoreReader(meta, &variables)
      .read(nodes, {},
            restore.empty() ? decltype(ancestors(nodes, ""))() : ancestors(nodes, restore), 0);
  if (!bundle) return variables;
  std::optional<std::map<std::string, std::string>> by_full_name;
  for (const tf::NodeDef& node : nodes) {
    if (!is_variable(node.op()) || variables.count(node.name())) continue;
    if (!by_full_name) by_full_name = keys_by_full_name(*bundle);
    const tf::AttrValue* shared = find_attr(node, "shared_name");
    for (const std::string& name : {node.name(), shared ? shared->s() : std::string()}) {
      if (bundle->contains(name)) {
        variables.emplace(node.name(), VariableSource{name, ""});
      } else if (const auto it = by_full_name->find(name); it != by_full_name->end()) {
        variables.emplace(node.name(), VariableSource{it->second, ""});
      }
    }
  }
  return variables;
}

}  // namespace thaw
