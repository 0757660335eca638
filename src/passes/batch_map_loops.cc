#include "passes/batch_map_loops.h"

#include <algorithm>
#include <set>

#include "graph/infer.h"
#include "passes/batcher.h"
#include "passes/match.h"
#include "passes/nested.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int64_t kMostRounds = 65536;

// What a loop variable does from round to round.
enum class Role {
  kCounter,      // starts at 0, grows by 1
  kInvariant,    // handed on as it is
  kAccumulator,  // a list that gets element `counter` set
  kOther,
};

struct Variable {
  Role role = Role::kOther;
  ValueId element = kNone;  // kAccumulator: in the body
};

class MapLoop {
 public:
  MapLoop(Graph& graph, NodeId id)
      : graph_(graph),
        id_(id),
        cond_(graph.subgraph(graph.node(id).as<While>()->cond)),
        body_(graph.subgraph(graph.node(id).as<While>()->body)) {}

  // False leaves the loop as it is; nodes that were added have no users then.
  bool run() {
    for (size_t i = 0; i < inputs().size(); ++i) variables_.push_back(classify(i));
    for (size_t i = 0; i < inputs().size(); ++i)
      if (variables_[i].role == Role::kOther && is_used(i)) return false;
    rounds_ = count_rounds();
    if (rounds_ < 1 || rounds_ > kMostRounds || !find_results()) return false;
    Batcher batcher(graph_, rounds_);
    if (!batch_body(batcher)) return false;
    return replace_results(batcher);
  }

 private:
  const std::vector<ValueId>& inputs() const { return graph_.node(id_).inputs; }
  ValueId output(size_t i) const { return graph_.node(id_).outputs[i]; }
  bool is_used(size_t i) const {
    return !graph_.value(output(i)).users.empty() || graph_.is_output(output(i));
  }

  Variable classify(size_t i) const {
    const ValueId in = body_.inputs()[i];
    const ValueId out = behind_identities(body_, body_.outputs()[i].value);
    if (out == in) return {Role::kInvariant, kNone};
    if (const Node* add = binary_maker(body_, out, BinaryKind::kAdd)) {
      const bool counts = (add->inputs[0] == in && is_int(body_, add->inputs[1], 1)) ||
                          (add->inputs[1] == in && is_int(body_, add->inputs[0], 1));
      if (counts && is_int(graph_, inputs()[i], 0)) return {Role::kCounter, kNone};
    }
    const Node* set = maker<ListSet>(body_, out);
    if (!set || set->inputs[0] != in || body_.value(in).users.size() != 1) return {};
    if (!maker<ListReserve>(graph_, inputs()[i])) return {};
    return {Role::kAccumulator, set->inputs[2]};
  }

  // A counter's place among the body's inputs.
  bool is_counter(ValueId value, const Graph& graph) const {
    for (size_t i = 0; i < variables_.size(); ++i)
      if (graph.inputs()[i] == value) return variables_[i].role == Role::kCounter;
    return false;
  }

  // From a condition that is counter < constant, or several of these; -1 for any other.
  int64_t count_rounds() const {
    std::vector<ValueId> open{cond_.outputs()[0].value};
    int64_t rounds = -1;
    while (!open.empty()) {
      const ValueId v = open.back();
      open.pop_back();
      if (const Node* both = binary_maker(cond_, v, BinaryKind::kLogicalAnd)) {
        open.insert(open.end(), both->inputs.begin(), both->inputs.end());
        continue;
      }
      const Node* less = binary_maker(cond_, v, BinaryKind::kLess);
      if (!less || !is_counter(behind_identities(cond_, less->inputs[0]), cond_)) return -1;
      const std::optional<int64_t> bound = limit(less->inputs[1]);
      if (!bound || open.size() > 16) return -1;
      rounds = rounds < 0 ? *bound : std::min(rounds, *bound);
      if (rounds < 0) return -1;
    }
    return rounds;
  }

  std::optional<int64_t> limit(ValueId v) const {
    v = behind_identities(cond_, v);
    if (const std::optional<int64_t> c = constant_int(cond_, v)) return c;
    for (size_t i = 0; i < variables_.size(); ++i)
      if (cond_.inputs()[i] == v && variables_[i].role == Role::kInvariant)
        return constant_int(graph_, inputs()[i]);
    return {};
  }

  // What is read of the loop: stacks of accumulators that every round fills, nothing else.
  bool find_results() {
    for (size_t i = 0; i < variables_.size(); ++i) {
      if (!is_used(i)) continue;
      if (variables_[i].role != Role::kAccumulator || graph_.is_output(output(i))) return false;
      const Node* set = maker<ListSet>(body_, body_.outputs()[i].value);
      if (!is_counter(behind_identities(body_, set->inputs[1]), body_)) return false;
      const Node* reserve = maker<ListReserve>(graph_, inputs()[i]);
      if (!is_int(graph_, reserve->inputs[0], rounds_)) return false;
      for (NodeId user : graph_.value(output(i)).users) {
        const Node& node = graph_.node(user);
        const bool all =
            node.as<ListStack>() || (node.as<ListGather>() && is_iota(graph_, node.inputs[1]) &&
                                     graph_.value(node.inputs[1]).type.shape == Shape{rounds_});
        if (!all) return false;
      }
      needed_.insert(behind_identities(body_, variables_[i].element));
    }
    return !needed_.empty();
  }

  bool batch_body(Batcher& batcher) {
    values_.assign(body_.num_values(), {});
    for (size_t i = 0; i < variables_.size(); ++i) {
      BatchValue& v = values_[body_.inputs()[i]];
      if (variables_[i].role == Role::kInvariant) v = {inputs()[i], false};
      if (variables_[i].role == Role::kCounter)
        v = {batcher.indices(graph_.value(inputs()[i]).type.dtype), true};
    }
    const std::vector<NodeId> needed = needed_nodes();
    for (NodeId id : needed)
      if (is_never_batched(body_.node(id))) return false;
    for (NodeId id : needed)
      if (!batch_node(batcher, body_.node(id))) return false;
    return true;
  }

  // What differs from item to item in more than values; asked before any node is added.
  static bool is_never_batched(const Node& node) {
    return node.as<While>() || node.as<If>() || node.as<Assert>() || node.as<Where>() ||
           node.as<NonMaxSuppression>();
  }

  // In topological order; assertions count, for they must go on being checked.
  std::vector<NodeId> needed_nodes() const {
    std::vector<bool> live(body_.num_values(), false);
    for (ValueId v : needed_) live[v] = true;
    std::vector<NodeId> order = body_.topological_order();
    std::vector<NodeId> needed;
    for (size_t k = order.size(); k-- > 0;) {
      const Node& node = body_.node(order[k]);
      bool used = node.as<Assert>() != nullptr;
      for (ValueId v : node.outputs) used = used || live[v];
      if (!used) continue;
      for (ValueId v : node.inputs) live[v] = true;
      needed.push_back(order[k]);
    }
    std::reverse(needed.begin(), needed.end());
    return needed;
  }

  bool batch_node(Batcher& batcher, const Node& node) {
    std::vector<BatchValue> operands;
    bool batched = false;
    for (ValueId v : node.inputs) {
      operands.push_back(values_[v]);
      if (values_[v].value == kNone) return false;
      batched = batched || values_[v].batched;
    }
    if (!batched) {
      std::vector<ValueId> same;
      for (const BatchValue& v : operands) same.push_back(v.value);
      const NodeId copy = graph_.add_node(node.op, same, node.name);
      for (size_t i = 0; i < node.outputs.size(); ++i)
        values_[node.outputs[i]] = {graph_.node(copy).outputs[i], false};
      return true;
    }
    const auto results = batcher.apply(node.op, operands, node.name);
    if (!results || results->size() != node.outputs.size()) return false;
    for (size_t i = 0; i < results->size(); ++i) values_[node.outputs[i]] = (*results)[i];
    return true;
  }

  bool replace_results(Batcher& batcher) {
    std::vector<std::pair<NodeId, ValueId>> replacements;
    for (size_t i = 0; i < variables_.size(); ++i) {
      if (!is_used(i)) continue;
      const ValueId all = batcher.whole(values_[behind_identities(body_, variables_[i].element)]);
      if (all == kNone) return false;
      for (NodeId user : graph_.value(output(i)).users) {
        if (graph_.value(graph_.node(user).outputs[0]).type.dtype != graph_.value(all).type.dtype)
          return false;
        replacements.emplace_back(user, all);
      }
    }
    for (const auto& [user, all] : replacements) {
      graph_.replace_uses(graph_.node(user).outputs[0], all);
      graph_.remove_node(user);
    }
    graph_.remove_node(id_);
    return true;
  }

  Graph& graph_;
  const NodeId id_;
  const Graph& cond_;
  const Graph& body_;
  std::vector<Variable> variables_;
  int64_t rounds_ = -1;
  std::set<ValueId> needed_;        // the body's values that become results
  std::vector<BatchValue> values_;  // by the body's value, in the graph around it
};

}  // namespace

bool batch_map_loops(Graph& graph, const PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.topological_order()) {
    if (!graph.node(id).alive || !graph.node(id).as<While>()) continue;
    try {
      changed |= MapLoop(graph, id).run();
    } catch (const InputError&) {
      // The body can't work as it stands; the run says so when it gets there.
    }
  }
  if (changed) infer_all(graph, TypeFlow::kNarrow);
  const auto nested = [&](Graph& g) { return batch_map_loops(g, context); };
  return for_each_nested(graph, nested) || changed;
}

}  // namespace thaw
