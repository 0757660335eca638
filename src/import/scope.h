// One graph or function body under import: its nodes, its control flow, and which of its nodes the
// results need.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "import/control_flow.h"
#include "import/graph_index.h"
#include "import/import_report.h"
#include "import/node_context.h"
#include "import/tensor_proto.h"

namespace thaw {

class Scope {
 public:
  // `feeds` are tensors given from outside, whatever the node that makes them.
  Scope(GraphIndex::Nodes& nodes, const std::vector<GraphFunction::Arg>& args,
        const std::vector<std::string>& results, const std::vector<std::string>& feeds);

  const GraphIndex& index() const { return index_; }
  const ControlFlow& flow() const { return *flow_; }
  const std::vector<TensorRef>& results() const { return results_; }
  bool is_needed(TensorRef ref) const { return needed_outputs_.count(ref.key()) > 0; }
  bool is_needed(int32_t node) const { return needed_[static_cast<size_t>(node)]; }
  const std::vector<int32_t>& needed_nodes() const { return needed_nodes_; }
  // The needed loop variables (Merge), exits and Merges of a condition, in the file's order.
  const std::vector<int32_t>& variables(int32_t frame) const { return list(variables_, frame); }
  const std::vector<int32_t>& exits(int32_t frame) const { return list(exits_, frame); }
  const std::vector<int32_t>& merges(int32_t group) const { return list(merges_, group); }

  // What must be computed before the node: the data inputs that have a value, the predicate of a
  // Merge, and the Assert nodes that the node waits for.
  std::vector<TensorRef> dependencies(int32_t node) const;
  // The Const that the tensor is, behind nodes that pass it on; -1 when it is none.
  int32_t constant_behind(TensorRef ref) const;
  // The name of the TensorArrayV3 node behind a handle, empty when it can't be told.
  std::string array_behind(TensorRef handle) const;
  // The value of a Const node; its bytes are taken out of the node, once.
  Tensor constant(int32_t node, SplatBudget* budget);
  // Adds what this scope holds to the report.
  void count(ImportReport& report) const;
  TensorArrays& arrays() { return arrays_; }

 private:
  using Lists = std::map<int32_t, std::vector<int32_t>>;
  static const std::vector<int32_t>& list(const Lists& lists, int32_t key);
  void mark_needed();
  void file_control_flow(int32_t node);
  void add_asserts(int32_t node, std::vector<TensorRef>& out) const;

  GraphIndex index_;
  std::vector<TensorRef> results_;
  std::unique_ptr<ControlFlow> flow_;
  std::vector<char> needed_;
  std::vector<int32_t> needed_nodes_;
  std::unordered_set<int64_t> feed_keys_;
  std::unordered_set<int64_t> needed_outputs_;
  Lists variables_, exits_, merges_;
  std::map<int32_t, Tensor> constants_;
  TensorArrays arrays_;
};

}  // namespace thaw
