#include "passes/batch_branches.h"

#include <algorithm>
#include <map>

#include "graph/infer.h"
#include "passes/batcher.h"
#include "passes/match.h"
#include "passes/nested.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kMostNodes = 4096;  // of a branch; longer ones are no detector's
constexpr int kMaxDepth = 256;

// The branches' values that correspond to each other, one of each branch.
using Row = std::vector<ValueId>;

class Branches {
 public:
  Branches(Graph& graph, const Node& pack)
      : graph_(graph), pack_(pack), batcher_(graph, static_cast<int64_t>(pack.inputs.size())) {}

  // The value that takes the Pack's place; kNone when the branches can't be batched.
  ValueId run() {
    const std::optional<BatchValue> all = batch(pack_.inputs);
    if (!all || !all->batched) return kNone;
    return all->value;
  }

 private:
  std::optional<BatchValue> batch(Row row) {
    for (ValueId& v : row) v = behind_identities(graph_, v);
    const auto known = values_.find(row);
    if (known != values_.end()) return known->second;
    if (++depth_ > kMaxDepth || values_.size() > kMostNodes) return {};
    std::optional<BatchValue> v = find(row);
    --depth_;
    values_[row] = v;
    return v;
  }

  std::optional<BatchValue> find(const Row& row) {
    if (const Node* unpack = unpacked(row)) return BatchValue{unpack->inputs[0], true};
    const bool same = std::all_of(row.begin(), row.end(), [&](ValueId v) { return v == row[0]; });
    if (same && row.size() > 1) return BatchValue{row[0], false};
    if (are_equal_constants(row)) return BatchValue{row[0], false};
    if (!graph_.producer(row[0]))
      return same ? std::optional(BatchValue{row[0], false}) : std::nullopt;
    return batch_nodes(row);
  }

  // The node that takes the batch apart, when the row is all of its outputs in order.
  const Node* unpacked(const Row& row) const {
    const Node* unpack = maker<Unpack>(graph_, row[0]);
    if (!unpack || unpack->as<Unpack>()->axis != 0 || unpack->outputs != row) return nullptr;
    return unpack;
  }

  bool are_equal_constants(const Row& row) const {
    const Tensor* first = graph_.constant_value(row[0]);
    for (ValueId v : row) {
      const Tensor* t = graph_.constant_value(v);
      if (!first || !t || !identical(*t, *first)) return false;
    }
    return true;
  }

  bool are_alike(const Row& row) const {
    const Node& first = *graph_.producer(row[0]);
    for (ValueId v : row) {
      const Node* node = graph_.producer(v);
      if (!node || !same_op(node->op, first.op) || node->inputs.size() != first.inputs.size() ||
          graph_.value(v).index != graph_.value(row[0]).index)
        return false;
    }
    return !first.as<While>() && !first.as<If>() && !first.as<Const>();
  }

  std::optional<BatchValue> batch_nodes(const Row& row) {
    if (!are_alike(row)) return {};
    const Node& first = *graph_.producer(row[0]);
    std::vector<BatchValue> inputs;
    bool batched = false;
    for (size_t k = 0; k < first.inputs.size(); ++k) {
      Row operands;
      for (ValueId v : row) operands.push_back(graph_.producer(v)->inputs[k]);
      const std::optional<BatchValue> input = batch(operands);
      if (!input) return {};
      inputs.push_back(*input);
      batched = batched || input->batched;
    }
    if (!batched)  // alike and of the same inputs
      return BatchValue{row[0], false};
    const auto outputs = batcher_.apply(first.op, inputs, first.name);
    if (!outputs || outputs->size() != first.outputs.size()) return {};
    // The other outputs of the same nodes are these.
    for (size_t i = 0; i < outputs->size(); ++i) {
      Row other;
      for (ValueId v : row) other.push_back(graph_.producer(v)->outputs[i]);
      values_[other] = (*outputs)[i];
    }
    return (*outputs)[graph_.value(row[0]).index];
  }

  Graph& graph_;
  const Node& pack_;
  Batcher batcher_;
  std::map<Row, std::optional<BatchValue>> values_;
  int depth_ = 0;
};

bool batch_pack(Graph& graph, NodeId id) {
  const Node& pack = graph.node(id);
  const ValueId all = Branches(graph, pack).run();
  const ValueId old = pack.outputs[0];
  if (all == kNone || graph.value(all).type.dtype != graph.value(old).type.dtype) return false;
  graph.replace_uses(old, all);
  graph.remove_node(id);
  return true;
}

}  // namespace

bool batch_branches(Graph& graph, const PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    const Pack* pack = node.alive ? node.as<Pack>() : nullptr;
    if (!pack || pack->axis != 0 || node.inputs.empty()) continue;
    try {
      changed |= batch_pack(graph, id);
    } catch (const InputError&) {
      // The branches can't work as they stand; the run says so when it gets there.
    }
  }
  if (changed) infer_all(graph, TypeFlow::kNarrow);
  const auto nested = [&](Graph& g) { return batch_branches(g, context); };
  return for_each_nested(graph, nested) || changed;
}

}  // namespace thaw
