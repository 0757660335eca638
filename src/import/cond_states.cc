#include "import/cond_states.h"

#include <algorithm>

#include "thaw/error.h"

namespace thaw {

CondStates::CondStates() {
  sets_.resize(2);
  ids_[{}] = kAlways;
}

CondStates::Id CondStates::intern(std::vector<CondOutcome> sorted) {
  if (sorted.size() > kMaxDepth)
    throw InputError("a node depends on more than 64 nested conditions (Switch)");
  const auto [it, added] = ids_.emplace(std::move(sorted), static_cast<Id>(sets_.size()));
  if (added) sets_.push_back(it->first);
  return it->second;
}

CondStates::Id CondStates::unite(Id a, Id b) {
  if (a == b || b == kAlways || a == kNever) return a;
  if (a == kAlways || b == kNever) return b;
  const uint64_t key =
      static_cast<uint64_t>(std::min(a, b)) << 32 | static_cast<uint64_t>(std::max(a, b));
  if (const auto it = united_.find(key); it != united_.end()) return it->second;
  std::vector<CondOutcome> both;
  std::set_union(outcomes(a).begin(), outcomes(a).end(), outcomes(b).begin(), outcomes(b).end(),
                 std::back_inserter(both));
  const auto clash = std::adjacent_find(both.begin(), both.end(), [](CondOutcome x, CondOutcome y) {
    return x.predicate == y.predicate;
  });
  const Id id = clash != both.end() ? kNever : intern(std::move(both));
  united_[key] = id;
  return id;
}

CondStates::Id CondStates::with(Id a, CondOutcome outcome) { return unite(a, intern({outcome})); }

bool CondStates::contains(Id state, CondOutcome outcome) const {
  const std::vector<CondOutcome>& set = outcomes(state);
  return std::binary_search(set.begin(), set.end(), outcome);
}

}  // namespace thaw
