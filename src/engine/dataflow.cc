#include "engine/dataflow.h"

#include <algorithm>
#include <map>

#include "base/memory_budget.h"

namespace thaw {
namespace {

// Of each byte of an arena, the step that wrote it last.
class ArenaWriters {
 public:
  void write(size_t begin, size_t end, size_t step) {
    auto at = pieces_.lower_bound(begin);
    if (at != pieces_.begin() && std::prev(at)->second.end > begin) {
      const Piece before = std::prev(at)->second;
      std::prev(at)->second.end = begin;
      if (before.end > end) pieces_[end] = before;
    }
    while (at != pieces_.end() && at->first < end) {
      if (at->second.end > end) pieces_[end] = at->second;
      at = pieces_.erase(at);
    }
    pieces_[begin] = {end, step};
  }

  std::vector<size_t> writers(size_t begin, size_t end) const {
    std::vector<size_t> steps;
    auto at = pieces_.upper_bound(begin);
    if (at != pieces_.begin()) --at;
    for (; at != pieces_.end() && at->first < end; ++at)
      if (at->second.end > begin) steps.push_back(at->second.step);
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    return steps;
  }

 private:
  struct Piece {
    size_t end = 0;
    size_t step = 0;
  };
  std::map<size_t, Piece> pieces_;  // by where they begin
};

size_t end_of(const Slot& slot) {
  return slot.offset + std::max<size_t>(tensor_bytes(slot.dtype, slot.shape), 1);
}

class Finder {
 public:
  explicit Finder(const Plan& plan) : plan_(plan), heap_(plan.slots.size(), kNobody) {}

  std::vector<size_t> writers(uint32_t s) const {
    const Slot& slot = plan_.slots[s];
    if (slot.kind == SlotKind::kArena)
      return arenas_[static_cast<size_t>(slot.space)].writers(slot.offset, end_of(slot));
    if (heap_[s] == kNobody) return {};
    return {heap_[s]};
  }

  void write(uint32_t s, size_t step) {
    const Slot& slot = plan_.slots[s];
    if (slot.kind == SlotKind::kArena)
      arenas_[static_cast<size_t>(slot.space)].write(slot.offset, end_of(slot), step);
    else
      heap_[s] = step;
  }

 private:
  static constexpr size_t kNobody = ~size_t{0};
  const Plan& plan_;
  ArenaWriters arenas_[2];
  std::vector<size_t> heap_;  // by slot
};

}  // namespace

Dataflow find_dataflow(const Plan& plan) {
  Dataflow flow;
  Finder finder(plan);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    auto& writers = flow.writers.emplace_back();
    for (const uint32_t s : step.inputs) writers.push_back(finder.writers(s));
    for (const uint32_t s : step.outputs) finder.write(s, i);
  }
  for (const uint32_t s : plan.outputs) flow.output_writers.push_back(finder.writers(s));
  return flow;
}

}  // namespace thaw
