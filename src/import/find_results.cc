#include "import/find_results.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "import/control_flow.h"
#include "import/graph_index.h"
#include "import/op_outputs.h"
#include "import/tensor_name.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using Names = std::unordered_set<std::string_view>;

bool starts_with(const std::string& text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
}
bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Shows what it takes, or keeps it, and gives nothing on.
bool is_observer(const std::string& op) {
  static const Names ops = {"Print", "PrintV2", "WriteFile"};
  return ops.count(op) > 0 || holds(op, "Summary");
}

// Makes a value readable for an observer.
bool is_formatter(const std::string& op) {
  static const Names ops = {"AsString", "StringFormat", "StringJoin", "EncodePng", "EncodeJpeg"};
  return ops.count(op) > 0;
}

// A number that says something of a tensor.
bool is_statistic(const std::string& op) {
  static const Names ops = {"Mean", "Sum", "Max", "Min", "Prod", "All", "Any", "L2Loss"};
  return ops.count(op) > 0;
}

// Where values come from that a step of training, or a pipeline, changes.
bool is_source(const std::string& op) {
  static const Names ops = {"VariableV2",        "Variable",       "VarHandleOp",
                            "Iterator",          "IteratorV2",     "OneShotIterator",
                            "AnonymousIterator", "IteratorGetNext"};
  return ops.count(op) > 0 || (holds(op, "Queue") && !starts_with(op, "Queue")) ||
         (holds(op, "Reader") && !starts_with(op, "Reader"));
}

// Of training, saving and input pipelines: it is no result, nor, but for sources, what comes of it.
bool is_machinery(const std::string& op) {
  for (const char* start :
       {"Assign",       "Apply",         "SparseApply",        "ResourceApply",   "ResourceScatter",
        "Save",         "Restore",       "MergeV2Checkpoints", "ShardedFilename", "Reader",
        "LookupTableI", "LookupTableS",  "InitializeTable",    "MakeIterator",    "IteratorT",
        "IteratorF",    "StackP",        "ScatterAdd",         "ScatterDiv",      "ScatterM",
        "ScatterSub",   "ScatterUpdate", "QueueEnqueue",       "QueueSize",       "QueueClose",
        "QueueIsClosed"})
    if (starts_with(op, start)) return true;
  static const Names ops = {"VarIsInitializedOp", "IsVariableInitialized", "TensorArrayCloseV3",
                            "TensorArrayGradV3"};
  return ops.count(op) > 0 || is_source(op) || holds(op, "Summary");
}

// Ends a chain without being a result; what depends on it may be one.
bool is_no_result(const std::string& op) {
  static const Names ops = {"Assert",
                            "Const",
                            "HostConst",
                            "ControlTrigger",
                            "LoopCond",
                            "NextIteration",
                            "NoOp",
                            "Placeholder",
                            "PlaceholderV2",
                            "PrintV2",
                            "RefNextIteration",
                            "WriteFile",
                            "PlaceholderWithDefault",
                            "TensorArrayV3",
                            "TensorArrayWriteV3",
                            "TensorArrayScatterV3",
                            "TensorArraySplitV3"};
  return ops.count(op) > 0 || is_switch(op);
}

bool is_exit(const std::string& op) { return op == "Exit" || op == "RefExit"; }

// The graph's edges by the numbers of its nodes; names that it lacks are left out.
class Results {
 public:
  Results(const NodeList& nodes, const OpOutputs& ops) : nodes_(nodes), ops_(ops) {
    std::unordered_map<std::string_view, size_t> by_name;
    for (const tf::NodeDef& node : nodes) by_name.emplace(node.name(), by_name.size());
    inputs_.resize(static_cast<size_t>(nodes.size()));
    users_.resize(inputs_.size());
    waiting_.resize(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i)
      for (const std::string& text : node(i).input()) {
        const TensorName name = split_tensor_name(text);
        const auto it = by_name.find(name.node);
        if (it == by_name.end()) continue;
        if (!name.is_control) inputs_[i].push_back(it->second);
        (name.is_control ? waiting_ : users_)[it->second].push_back(i);
      }
    find_machinery();
    find_observed();
    find_nested();
    find_predicates();
  }

  std::vector<std::pair<const tf::NodeDef*, std::string>> find() {
    std::vector<size_t> loose, exits;
    bool pruned = true;  // nothing hangs loose but results
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!users_[i].empty()) continue;
      const bool result = is_result(i);
      if (result) (is_exit(node(i).op()) ? exits : loose).push_back(i);
      pruned = pruned && (result || !waiting_[i].empty());
    }
    std::vector<size_t> looked_at = observed(true);
    if (loose.empty() && looked_at.empty()) looked_at = observed(false);
    if ((loose.empty() && looked_at.empty()) || pruned)
      loose.insert(loose.end(), exits.begin(), exits.end());
    std::vector<std::pair<size_t, std::string>> found;
    for (const size_t i : loose) found.emplace_back(i, "nothing in the graph consumes it");
    for (const size_t i : looked_at) found.emplace_back(i, "only summaries look at it");
    std::sort(found.begin(), found.end());
    std::vector<std::pair<const tf::NodeDef*, std::string>> results;
    for (auto& [i, why] : found) results.emplace_back(&node(i), std::move(why));
    return results;
  }

 private:
  const tf::NodeDef& node(size_t i) const { return nodes_.Get(static_cast<int>(i)); }

  bool is_result(size_t i) const {
    const std::string& op = node(i).op();
    return !is_no_result(op) && !machinery_[i] && !observing_[i] && !nested_[i] && !predicate_[i] &&
           !is_awaited(i) && ops_.count(node(i)) != 0;
  }

  // Other nodes run after it, and not only as a group (NoOp) that nothing waits for.
  bool is_awaited(size_t i) const {
    return std::any_of(waiting_[i].begin(), waiting_[i].end(), [&](size_t other) {
      return node(other).op() != "NoOp" || !waiting_[other].empty() ||
             node(i).op() == "CheckNumerics";
    });
  }

  void find_machinery() {
    machinery_.assign(inputs_.size(), false);
    std::vector<size_t> open;
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (is_machinery(node(i).op())) open.push_back(i);
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      if (machinery_[i]) continue;
      machinery_[i] = true;
      if (is_source(node(i).op())) continue;
      open.insert(open.end(), users_[i].begin(), users_[i].end());
      open.insert(open.end(), waiting_[i].begin(), waiting_[i].end());
    }
  }

  // Nodes from which nothing but observers is reached, themselves included.
  void find_observed() {
    observing_.assign(inputs_.size(), false);
    std::vector<size_t> left(inputs_.size()), open;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      left[i] = users_[i].size();
      // Print gives on what it takes first.
      const std::string& op = node(i).op();
      if (is_observer(op) && (op != "Print" || users_[i].empty())) open.push_back(i);
    }
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      if (observing_[i]) continue;
      observing_[i] = true;
      for (const size_t in : inputs_[i])
        if (--left[in] == 0) open.push_back(in);
    }
  }

  // What lies in loops and branches runs more than once, or not at all.
  void find_nested() {
    nested_.assign(inputs_.size(), false);
    const bool any = std::any_of(nodes_.begin(), nodes_.end(), [](const tf::NodeDef& n) {
      return n.op() == "Enter" || n.op() == "RefEnter" || is_switch(n.op());
    });
    if (!any) return;
    try {
      NodeList copy;  // names and edges alone
      for (const tf::NodeDef& n : nodes_) {
        tf::NodeDef* bare = copy.Add();
        bare->set_name(n.name());
        bare->set_op(n.op());
        *bare->mutable_input() = n.input();
        for (const char* attr : {"frame_name", "num_outs"})
          if (const tf::AttrValue* value = find_attr(n, attr))
            (*bare->mutable_attr())[attr] = *value;
      }
      const GraphIndex index(copy);
      std::vector<TensorRef> all;
      for (int32_t i = 0; i < index.size(); ++i) all.push_back({i, 0});
      const ControlFlow flow(index, all);
      for (int32_t i = 0; i < index.size(); ++i)
        nested_[static_cast<size_t>(i)] = flow.frame(i) != 0 || !flow.runs_with({i, 0}, {});
    } catch (const InputError&) {  // the import says what is wrong, if it matters
    }
  }

  // "cond/pred_id", an Identity of what decides a condition.
  void find_predicates() {
    predicate_.assign(inputs_.size(), false);
    std::vector<bool> decides(inputs_.size(), false);
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (is_switch(node(i).op()) && inputs_[i].size() == 2) decides[inputs_[i][1]] = true;
    for (size_t i = 0; i < inputs_.size(); ++i)
      predicate_[i] = node(i).op() == "Identity" && inputs_[i].size() == 1 &&
                      decides[inputs_[i][0]] && holds(node(i).name(), "pred_id");
  }

  // What observers look at, without what comes of something else that they look at.
  std::vector<size_t> observed(bool tensors_only) const {
    std::vector<size_t> seen;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const std::string& op = node(i).op();
      if (!observing_[i] || !is_observer(op) || (tensors_only && op == "ScalarSummary")) continue;
      // What Print tells besides is for its reader.
      const size_t count =
          op == "Print" ? std::min<size_t>(inputs_[i].size(), 1) : inputs_[i].size();
      for (size_t k = 0; k < count; ++k) climb(inputs_[i][k], &seen);
    }
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    const std::vector<bool> from_input = descendants([&](size_t i) { return is_input(i); });
    const std::vector<bool> later =
        descendants([&](size_t i) { return std::binary_search(seen.begin(), seen.end(), i); });
    const bool any = std::any_of(nodes_.begin(), nodes_.end(), [](const tf::NodeDef& n) {
      return n.op() == "Placeholder" || n.op() == "PlaceholderV2";
    });
    std::vector<size_t> results;
    for (const size_t i : seen) {
      if (is_no_result(node(i).op()) || machinery_[i] || nested_[i] || predicate_[i]) continue;
      if (any && !from_input[i]) continue;
      if (!later[i]) results.push_back(i);
    }
    return results;
  }

  bool is_input(size_t i) const {
    return node(i).op() == "Placeholder" || node(i).op() == "PlaceholderV2" ||
           node(i).op() == "PlaceholderWithDefault";
  }

  // From what an observer takes to the value that it tells of.
  void climb(size_t i, std::vector<size_t>* seen) const {
    std::vector<size_t> open{i};
    std::unordered_set<size_t> passed;
    while (!open.empty()) {
      const size_t at = open.back();
      open.pop_back();
      if (!passed.insert(at).second || is_observer(node(at).op())) continue;
      if (!observing_[at]) continue;  // something else uses it as well
      const bool through = is_formatter(node(at).op());
      const bool statistic = is_statistic(node(at).op()) && !inputs_[at].empty() &&
                             observing_[inputs_[at][0]] && !is_input(inputs_[at][0]);
      if (through)
        open.insert(open.end(), inputs_[at].begin(), inputs_[at].end());
      else
        seen->push_back(statistic ? inputs_[at][0] : at);
    }
  }

  // Nodes that one of the chosen leads to by data.
  template <class F>
  std::vector<bool> descendants(F&& chosen) const {
    std::vector<bool> reached(inputs_.size(), false);
    std::vector<size_t> open;
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (chosen(i)) open.push_back(i);
    while (!open.empty()) {
      const size_t i = open.back();
      open.pop_back();
      for (const size_t user : users_[i])
        if (!reached[user]) {
          reached[user] = true;
          open.push_back(user);
        }
    }
    return reached;
  }

  const NodeList& nodes_;
  const OpOutputs& ops_;
  std::vector<std::vector<size_t>> inputs_, users_;  // by data
  std::vector<std::vector<size_t>> waiting_;         // by control
  std::vector<bool> machinery_, observing_, nested_, predicate_;
};

}  // namespace

std::vector<std::pair<const tf::NodeDef*, std::string>> find_results(const NodeList& nodes,
                                                                     const OpOutputs& ops) {
  return Results(nodes, ops).find();
}

}  // namespace thaw
