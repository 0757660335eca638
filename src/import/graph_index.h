// The nodes of one GraphDef or function body as numbers: names looked up, inputs resolved.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "import/frozen_model.h"

namespace thaw {

// Output `output` of node `node`; kControl stands for the node's having run.
struct TensorRef {
  static constexpr int32_t kControl = -1;
  int32_t node = -1;
  int32_t output = 0;
  bool is_control() const { return output == kControl; }
  bool operator==(TensorRef o) const { return node == o.node && output == o.output; }
  bool operator!=(TensorRef o) const { return !(*this == o); }
  int64_t key() const { return static_cast<int64_t>(node) << 32 | static_cast<uint32_t>(output); }
};

// A name as it may stand in a message: cut when it is absurdly long.
std::string shown(std::string_view name);
// "node 'x' (Conv2D)"
std::string shown(const tf::NodeDef& node);
// A view of consecutive TensorRefs.
struct RefSpan {
  const TensorRef* first = nullptr;
  size_t count = 0;
  const TensorRef* begin() const { return first; }
  const TensorRef* end() const { return first + count; }
  size_t size() const { return count; }
  TensorRef operator[](size_t i) const { return first[i]; }
};

// Refers to the nodes it was made from, which must outlive it and stay as they are but for the
// bytes of constants. A function's arguments are nodes of
// op "_Arg", before all others.
class GraphIndex {
 public:
  using Nodes = google::protobuf::RepeatedPtrField<tf::NodeDef>;
  // Throws InputError on empty and duplicate names and on inputs that are no tensor names.
  explicit GraphIndex(Nodes& nodes, const std::vector<GraphFunction::Arg>& args = {});
  GraphIndex(const GraphIndex&) = delete;
  GraphIndex& operator=(const GraphIndex&) = delete;

  int32_t size() const { return static_cast<int32_t>(nodes_.size()); }
  int32_t num_args() const { return num_args_; }
  const tf::NodeDef& node(int32_t id) const { return *nodes_[static_cast<size_t>(id)]; }
  tf::NodeDef* mutable_node(int32_t id) { return nodes_[static_cast<size_t>(id)]; }
  const std::string& op(int32_t id) const { return node(id).op(); }
  RefSpan data_inputs(int32_t id) const;
  RefSpan control_inputs(int32_t id) const;
  // Throws, naming the node nearest by name, when an input of `id` is not in the graph.
  void check_inputs(int32_t id) const;
  // Input `i` of the node; throws when there are fewer, or when it is missing from the graph.
  TensorRef data_input(int32_t id, size_t i) const;
  // "node", "node:1"; throws InputError, calling it `what`, when there is no such node.
  TensorRef resolve(const std::string& tensor, const std::string& what) const;

 private:
  TensorRef parse_input(const tf::NodeDef& node, const std::string& text) const;
  std::string missing(std::string_view name) const;

  struct Inputs {
    uint32_t first = 0;
    uint32_t num_data = 0;
    uint32_t num_control = 0;
  };
  int32_t num_args_ = 0;
  std::deque<tf::NodeDef> arg_nodes_;
  std::vector<tf::NodeDef*> nodes_;
  std::unordered_map<std::string_view, int32_t> by_name_;
  std::vector<Inputs> inputs_;
  std::vector<TensorRef> refs_;
};

}  // namespace thaw
