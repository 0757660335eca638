#include "import/control_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "import/op_outputs.h"
#include "thaw/error.h"

namespace thaw {
namespace {

bool is_enter(const std::string& op) { return op == "Enter" || op == "RefEnter"; }
bool is_exit(const std::string& op) { return op == "Exit" || op == "RefExit"; }
bool is_merge(const std::string& op) { return op == "Merge" || op == "RefMerge"; }
bool is_next(const std::string& op) { return op == "NextIteration" || op == "RefNextIteration"; }

// Takes both outcomes of `predicate` out of `set`.
std::vector<CondOutcome> without(const std::vector<CondOutcome>& set, int32_t predicate) {
  std::vector<CondOutcome> rest;
  for (CondOutcome o : set)
    if (o.predicate != predicate) rest.push_back(o);
  return rest;
}

}  // namespace

bool is_switch(const std::string& op) {
  return op == "Switch" || op == "RefSwitch" || op == "_SwitchN";
}

ControlFlow::ControlFlow(const GraphIndex& index, const std::vector<TensorRef>& roots)
    : index_(index) {
  const auto n = static_cast<size_t>(index.size());
  seen_.assign(n, 0);
  loop_merge_.assign(n, 0);
  out_frame_.assign(n, 0);
  state_.assign(n, CondStates::kAlways);
  frames_.emplace_back();
  collect(roots);
  find_loop_merges();
  sort();
  for (int32_t node : order_) visit(node);
  for (int32_t node : order_) check_loop(node);
  group_merges();
}

// Calls f(input) for each input of the node, but for those from the iteration before.
template <class F>
void ControlFlow::for_each_edge(int32_t node, F&& f) const {
  const bool loop_merge = is_loop_merge(node);
  for (TensorRef in : index_.data_inputs(node))
    if (!loop_merge || !is_next(index_.op(in.node))) f(in);
  for (TensorRef in : index_.control_inputs(node)) f(in);
}

void ControlFlow::find_loop_merges() {
  for (int32_t id = 0; id < index_.size(); ++id) {
    if (!seen_[static_cast<size_t>(id)] || !is_merge(index_.op(id))) continue;
    int enters = 0, nexts = 0;
    const RefSpan inputs = index_.data_inputs(id);
    for (TensorRef in : inputs) {
      if (in.node < 0) continue;
      enters += is_enter(index_.op(in.node));
      nexts += is_next(index_.op(in.node));
    }
    if (enters == 0 && nexts == 0) continue;
    if (inputs.size() != 2 || enters != 1 || nexts != 1)
      throw InputError(
          fmt::format("{}: a loop variable's inputs must be one Enter and one "
                      "NextIteration, found {} Enter and {} NextIteration of {}",
                      shown(index_.node(id)), enters, nexts, inputs.size()));
    loop_merge_[static_cast<size_t>(id)] = 1;
  }
}

// Marks what the roots depend on.
void ControlFlow::collect(const std::vector<TensorRef>& roots) {
  std::vector<int32_t> stack;
  auto reach = [&](TensorRef ref) {
    if (seen_[static_cast<size_t>(ref.node)]) return;
    seen_[static_cast<size_t>(ref.node)] = 1;
    stack.push_back(ref.node);
  };
  for (TensorRef root : roots) reach(root);
  while (!stack.empty()) {
    const int32_t node = stack.back();
    stack.pop_back();
    index_.check_inputs(node);
    for (TensorRef in : index_.data_inputs(node)) reach(in);
    for (TensorRef in : index_.control_inputs(node)) reach(in);
  }
}

void ControlFlow::sort() {
  const auto n = static_cast<size_t>(index_.size());
  std::vector<uint32_t> waiting(n, 0), first_user(n + 1, 0);
  size_t reached = 0;
  for (int32_t id = 0; id < index_.size(); ++id) {
    if (!seen_[static_cast<size_t>(id)]) continue;
    ++reached;
    for_each_edge(id, [&](TensorRef in) {
      ++waiting[static_cast<size_t>(id)];
      ++first_user[static_cast<size_t>(in.node) + 1];
    });
  }
  for (size_t i = 0; i < n; ++i) first_user[i + 1] += first_user[i];
  std::vector<int32_t> users(first_user[n]);
  std::vector<uint32_t> at(first_user.begin(), first_user.end() - 1);
  for (int32_t id = 0; id < index_.size(); ++id) {
    if (!seen_[static_cast<size_t>(id)]) continue;
    if (waiting[static_cast<size_t>(id)] == 0) order_.push_back(id);
    for_each_edge(id, [&](TensorRef in) { users[at[static_cast<size_t>(in.node)]++] = id; });
  }
  for (size_t i = 0; i < order_.size(); ++i) {
    const auto node = static_cast<size_t>(order_[i]);
    for (uint32_t u = first_user[node]; u < first_user[node + 1]; ++u)
      if (--waiting[static_cast<size_t>(users[u])] == 0) order_.push_back(users[u]);
  }
  if (order_.size() == reached) return;
  // Upstream of a node that still waits, along nodes that still wait, one comes to a cycle.
  int32_t on_cycle = 0;
  while (waiting[static_cast<size_t>(on_cycle)] == 0) ++on_cycle;
  std::vector<char> passed(n, 0);
  while (!passed[static_cast<size_t>(on_cycle)]) {
    passed[static_cast<size_t>(on_cycle)] = 1;
    int32_t next = on_cycle;
    for_each_edge(on_cycle, [&](TensorRef in) {
      if (waiting[static_cast<size_t>(in.node)] > 0) next = in.node;
    });
    on_cycle = next;
  }
  throw InputError(fmt::format("the graph has a cycle through {} that is no loop",
                               shown(index_.node(on_cycle))));
}

void ControlFlow::check_loop(int32_t node) const {
  const Frame& frame = frames_[static_cast<size_t>(out_frame_[static_cast<size_t>(node)])];
  if (is_loop_merge(node) && frame.loop_cond < 0)
    throw InputError(fmt::format("the loop '{}' of {} has no LoopCond", shown(frame.name),
                                 shown(index_.node(node))));
}

void ControlFlow::visit(int32_t node) {
  place(node);
  const auto id = static_cast<size_t>(node);
  const std::string& op = index_.op(node);
  if (is_merge(op) && !is_loop_merge(node)) return visit_cond_merge(node);
  CondStates::Id state = CondStates::kAlways;
  for_each_edge(node, [&](TensorRef in) { state = states_.unite(state, out_state(in)); });
  state_[id] = state;
  if (is_switch(op)) visit_switch(node);
  if (op != "LoopCond") return;
  Frame& frame = frames_[static_cast<size_t>(out_frame_[id])];
  if (out_frame_[id] == 0)
    throw InputError(fmt::format("{} is in no loop", shown(index_.node(node))));
  if (frame.loop_cond >= 0)
    throw InputError(fmt::format("the loop '{}' has two conditions, {} and {}", shown(frame.name),
                                 shown(index_.node(frame.loop_cond)), shown(index_.node(node))));
  frame.loop_cond = node;
}

// Finds the node's frame: the innermost of its inputs', which must lie within each other.
void ControlFlow::place(int32_t node) {
  int32_t frame = 0;
  for_each_edge(node, [&](TensorRef in) {
    const int32_t other = out_frame_[static_cast<size_t>(in.node)];
    if (is_inside(other, frame)) {
      frame = other;
    } else if (!is_inside(frame, other)) {
      throw InputError(fmt::format("{} takes inputs from two loops, '{}' and '{}'",
                                   shown(index_.node(node)),
                                   shown(frames_[static_cast<size_t>(frame)].name),
                                   shown(frames_[static_cast<size_t>(other)].name)));
    }
  });
  const std::string& op = index_.op(node);
  if (is_enter(op)) {
    frame = inner_frame(node, frame);
  } else if (is_exit(op)) {
    if (frame == 0) throw InputError(fmt::format("{} is in no loop", shown(index_.node(node))));
    frame = frames_[static_cast<size_t>(frame)].parent;
  } else if (is_next(op) && frame == 0) {
    throw InputError(fmt::format("{} is in no loop", shown(index_.node(node))));
  }
  out_frame_[static_cast<size_t>(node)] = frame;
}

int32_t ControlFlow::inner_frame(int32_t enter, int32_t outer) {
  const tf::AttrValue* name = find_attr(index_.node(enter), "frame_name");
  if (!name || name->value_case() != tf::AttrValue::kS)
    throw InputError(
        fmt::format("{}: the string attribute frame_name is missing", shown(index_.node(enter))));
  const auto [it, added] =
      frame_ids_.emplace(std::make_pair(name->s(), outer), static_cast<int32_t>(frames_.size()));
  if (added) {
    const int depth = frames_[static_cast<size_t>(outer)].depth + 1;
    if (depth > kMaxFrameDepth)
      throw InputError(fmt::format("{}: loops are nested deeper than {}", shown(index_.node(enter)),
                                   kMaxFrameDepth));
    frames_.push_back({name->s(), outer, -1, depth});
  }
  return it->second;
}

bool ControlFlow::is_inside(int32_t frame, int32_t outer) const {
  while (frame >= 0 && frame != outer) frame = frames_[static_cast<size_t>(frame)].parent;
  return frame == outer;
}

bool ControlFlow::is_loop_switch(int32_t node) const {
  if (!is_switch(index_.op(node))) return false;
  const RefSpan inputs = index_.data_inputs(node);
  return inputs.size() == 2 && inputs[1].node >= 0 && index_.op(inputs[1].node) == "LoopCond";
}

const CondMerge* ControlFlow::cond_merge(int32_t node) const {
  const auto it = merges_.find(node);
  return it == merges_.end() ? nullptr : &it->second;
}

int ControlFlow::enter_input(int32_t loop_merge) const {
  return is_enter(index_.op(index_.data_inputs(loop_merge)[0].node)) ? 0 : 1;
}

// A predicate reaches its Switches through Identity nodes; all of these are one predicate.
TensorRef ControlFlow::source_of(TensorRef ref) const {
  for (int hops = 0; hops < 64 && index_.op(ref.node) == "Identity"; ++hops)
    ref = index_.data_input(ref.node, 0);
  return ref;
}

void ControlFlow::visit_switch(int32_t node) {
  const TensorRef predicate = index_.data_input(node, 1);
  if (is_loop_switch(node)) return;
  const TensorRef source = source_of(predicate);
  const tf::AttrValue* outputs = find_attr(index_.node(node), "num_outs");
  const bool by_index = index_.op(node) == "_SwitchN";
  const int64_t branches = !by_index ? 2 : outputs ? outputs->i() : 0;
  if (branches < 1 || branches > kMaxBranches)
    throw InputError(fmt::format("{}: expected 1 to {} outputs, found {}", shown(index_.node(node)),
                                 kMaxBranches, branches));
  if (branches == 1) return;  // whatever the index
  const auto [it, added] =
      predicates_.emplace(source.key(), static_cast<int32_t>(predicates_.size()));
  if (added) predicate_list_.push_back({source, static_cast<int>(branches), by_index});
  const Predicate& known = predicate_list_[static_cast<size_t>(it->second)];
  if (known.branches != branches || known.by_index != by_index)
    throw InputError(fmt::format("{} has {} branches, another node on its predicate {}",
                                 shown(index_.node(node)), branches, known.branches));
  switch_predicate_[node] = it->second;
}

CondStates::Id ControlFlow::out_state(TensorRef ref) {
  const CondStates::Id state = state_[static_cast<size_t>(ref.node)];
  if (ref.is_control() || !is_switch(index_.op(ref.node))) return state;
  const auto it = switch_predicate_.find(ref.node);
  if (it == switch_predicate_.end()) return state;
  if (ref.output >= predicate_list_[static_cast<size_t>(it->second)].branches)
    throw InputError(fmt::format("{} has no output {}", shown(index_.node(ref.node)), ref.output));
  return states_.with(state, {it->second, ref.output});
}

bool ControlFlow::contains(TensorRef ref, CondOutcome outcome) const {
  if (states_.contains(state_[static_cast<size_t>(ref.node)], outcome)) return true;
  const auto it = switch_predicate_.find(ref.node);
  return it != switch_predicate_.end() && !ref.is_control() && it->second == outcome.predicate &&
         ref.output == outcome.branch;
}

bool ControlFlow::runs_with(TensorRef ref, const std::vector<int32_t>& nodes) const {
  auto granted = [&](CondOutcome outcome) {
    return std::any_of(nodes.begin(), nodes.end(), [&](int32_t node) {
      return contains({node, 0}, outcome);
    });
  };
  const CondStates::Id state = state_[static_cast<size_t>(ref.node)];
  if (state == CondStates::kNever) return false;
  for (CondOutcome outcome : states_.outcomes(state))
    if (!granted(outcome)) return false;
  const auto it = switch_predicate_.find(ref.node);
  return it == switch_predicate_.end() || granted({it->second, ref.output});
}

bool ControlFlow::same_place(int32_t a, int32_t b) const {
  const auto i = static_cast<size_t>(a), j = static_cast<size_t>(b);
  return out_frame_[i] == out_frame_[j] && state_[i] == state_[j];
}

void ControlFlow::visit_cond_merge(int32_t node) {
  const RefSpan inputs = index_.data_inputs(node);
  if (inputs.size() == 0)
    throw InputError(fmt::format("{}: expected inputs, found none", shown(index_.node(node))));
  CondMerge merge;
  CondStates::Id& state = state_[static_cast<size_t>(node)];
  for (TensorRef in : index_.control_inputs(node)) state = states_.unite(state, out_state(in));
  std::vector<int> live;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (out_state(inputs[i]) != CondStates::kNever) live.push_back(static_cast<int>(i));
  if (live.size() < 2) {
    merge.live_input = live.empty() ? 0 : live[0];
    const TensorRef only = inputs[static_cast<size_t>(merge.live_input)];
    state = states_.unite(state, out_state(only));
  } else {
    find_branches(live, inputs, &merge);
    for (size_t i = 0; merge.error.empty() && i < inputs.size(); ++i) {
      if (std::find(live.begin(), live.end(), static_cast<int>(i)) == live.end()) continue;
      const auto& outcomes = states_.outcomes(out_state(inputs[i]));
      state = states_.unite(state, states_.intern(without(outcomes, merge.predicate_id)));
    }
  }
  merges_[node] = std::move(merge);
}

// The predicate in whose outcomes the inputs differ, one for each branch.
void ControlFlow::find_branches(const std::vector<int>& live, RefSpan inputs, CondMerge* merge) {
  std::vector<CondStates::Id> states;
  for (const int i : live) states.push_back(out_state(inputs[static_cast<size_t>(i)]));
  for (CondOutcome first : states_.outcomes(states[0])) {
    const Predicate& predicate = predicate_list_[static_cast<size_t>(first.predicate)];
    std::vector<int> branch_inputs(static_cast<size_t>(predicate.branches), -1);
    for (int branch = 0; branch < predicate.branches; ++branch)
      for (size_t i = 0; i < live.size(); ++i)
        if (states_.contains(states[i], {first.predicate, branch}))
          branch_inputs[static_cast<size_t>(branch)] = live[i];
    const auto found = std::count_if(branch_inputs.begin(), branch_inputs.end(),
                                     [](int input) { return input >= 0; });
    if (static_cast<size_t>(found) != live.size()) continue;
    if (merge->predicate_id >= 0)
      merge->error = "joins branches of more than one condition at once";
    if (found < predicate.branches) merge->error = "lacks the result of a branch";
    merge->predicate_id = first.predicate;
    merge->predicate = predicate.ref;
    merge->by_index = predicate.by_index;
    merge->branch_inputs = std::move(branch_inputs);
  }
  if (merge->predicate_id < 0)
    merge->error =
        "its inputs are not the branches of one condition (Switch), nor Enter and NextIteration of "
        "a loop";
}

// Merges of one predicate in the same place become one If, unless one depends on another (two
// conditions in a row on one predicate): those are told apart by how many merges of that place
// lie before them.
void ControlFlow::group_merges() {
  using Place = std::pair<int32_t, CondStates::Id>;  // frame, condition
  auto place_of = [&](int32_t node) {
    return Place{out_frame_[static_cast<size_t>(node)], state_[static_cast<size_t>(node)]};
  };
  std::map<Place, int> places;
  for (const auto& [node, merge] : merges_) ++places[place_of(node)];
  constexpr size_t kMaxPlaces = 64;
  std::map<int32_t, int32_t> level_of;
  for (const auto& [place, count] : places) {
    if (count < 2 || places.size() > kMaxPlaces) continue;
    std::vector<int32_t> level(static_cast<size_t>(index_.size()), 0);
    for (int32_t node : order_) {
      int32_t& mine = level[static_cast<size_t>(node)];
      for_each_edge(
          node, [&](TensorRef in) { mine = std::max(mine, level[static_cast<size_t>(in.node)]); });
      if (merges_.count(node) && place_of(node) == place) level_of[node] = ++mine;
    }
  }
  std::map<std::tuple<int32_t, Place, int32_t>, int32_t> groups;
  for (auto& [node, merge] : merges_) {
    if (merge.live_input >= 0 || !merge.error.empty()) continue;
    // Too many places to count levels in: an If for each merge is right as well, only larger.
    const int32_t level = places.size() > kMaxPlaces ? node : level_of[node];
    const auto key = std::make_tuple(merge.predicate_id, place_of(node), level);
    const auto [it, added] = groups.emplace(key, num_groups_);
    num_groups_ += added ? 1 : 0;
    merge.group = it->second;
  }
}

}  // namespace thaw
