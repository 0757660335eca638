// Under which outcomes of which predicates a node of a TF1 graph runs: sets of (predicate, branch),
// interned so that a state is a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace thaw {

struct CondOutcome {
  int32_t predicate = -1;
  int32_t branch = 0;  // the output of Switch (1: the predicate holds) or _SwitchN
  bool operator<(CondOutcome o) const {
    return predicate != o.predicate ? predicate < o.predicate : branch < o.branch;
  }
  bool operator==(CondOutcome o) const { return predicate == o.predicate && branch == o.branch; }
};

class CondStates {
 public:
  using Id = int32_t;
  static constexpr Id kAlways = 0;  // runs whatever the predicates say
  static constexpr Id kNever = 1;   // wants two outcomes of one predicate
  static constexpr size_t kMaxDepth = 64;

  CondStates();
  // Both must hold. Throws InputError above kMaxDepth outcomes.
  Id unite(Id a, Id b);
  Id with(Id a, CondOutcome outcome);
  bool contains(Id state, CondOutcome outcome) const;
  const std::vector<CondOutcome>& outcomes(Id state) const {
    return sets_[static_cast<size_t>(state)];
  }
  Id intern(std::vector<CondOutcome> sorted);

 private:
  std::vector<std::vector<CondOutcome>> sets_;
  std::map<std::vector<CondOutcome>, Id> ids_;
  std::unordered_map<uint64_t, Id> united_;
};

}  // namespace thaw
