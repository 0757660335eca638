// Where planned tensors lie and how long each of them must stay.
#include <algorithm>

#include "base/memory_budget.h"
#include "engine/memory_plan.h"
#include "engine/plan_slots.h"

namespace thaw {
namespace {

// By step: the step at which the host has waited for it, or the end of the run. Of host steps that
// is the step itself.
std::vector<size_t> ends_of_work(const Plan& plan) {
  const size_t end = plan.steps.size();
  std::vector<size_t> ends(end);
  for (size_t s = 0; s < plan.segments.size(); ++s) {
    const Segment& segment = plan.segments[s];
    size_t waited = end;
    for (size_t later = plan.segments.size(); later-- > s + 1;) {
      const Segment& host = plan.segments[later];
      if (host.after && *host.after >= s) waited = host.begin;
    }
    for (size_t i = segment.begin; i < segment.end; ++i)
      ends[i] = segment.space == Space::kHost ? i : waited;
  }
  return ends;
}

// By slot that owns memory. A device reads and writes its own arena in the order of the steps; the
// host's it may read and write until the host has waited for it.
std::vector<Lifetime> lifetimes_of(const PlanSlots& slots, const Plan& plan) {
  const size_t end = plan.steps.size();
  const std::vector<size_t> ends = ends_of_work(plan);
  std::vector<Lifetime> lives(plan.slots.size(), Lifetime{0, end, 0});
  const auto touch = [&](uint32_t slot, size_t first, size_t last) {
    Lifetime& life = lives[slots.place_of(slot).slot];
    life.first = std::min(life.first, first);
    life.last = std::max(life.last, last);
  };
  const auto touch_in = [&](uint32_t slot, size_t step) {
    touch(slot, step, plan.slots[slot].space == Space::kHost ? ends[step] : step);
  };
  for (size_t i = 0; i < end; ++i) {
    const Step& step = plan.steps[i];
    for (uint32_t s : step.inputs) touch_in(s, i);
    for (uint32_t s : step.outputs) touch_in(s, i);
    if (step.scratch != kNoSlot) touch_in(step.scratch, i);
  }
  for (uint32_t s : plan.outputs) touch(s, end, end);
  return lives;
}

std::vector<bool> find_movable_outputs(const PlanSlots& slots, const Plan& plan) {
  std::vector<int> sharers(plan.slots.size(), 0);  // by slot that owns memory
  for (uint32_t s = 0; s < plan.slots.size(); ++s)
    if (plan.slots[s].kind == SlotKind::kArena) ++sharers[slots.place_of(s).slot];
  for (uint32_t s : plan.outputs) ++sharers[slots.place_of(s).slot];
  std::vector<bool> movable;
  for (uint32_t s : plan.outputs)
    movable.push_back(plan.slots[s].kind == SlotKind::kArena && sharers[s] == 2);  // and itself
  return movable;
}

}  // namespace

void plan_arenas(const PlanSlots& slots, Plan& plan) {
  plan.can_move_output = find_movable_outputs(slots, plan);
  std::vector<Lifetime> lives = lifetimes_of(slots, plan);
  for (int space = 0; space < 2; ++space) {
    std::vector<Lifetime> mine;
    std::vector<uint32_t> owners;
    for (uint32_t s = 0; s < plan.slots.size(); ++s) {
      const Slot& slot = plan.slots[s];
      if (slot.kind != SlotKind::kArena || slots.place_of(s).slot != s ||
          static_cast<int>(slot.space) != space)
        continue;
      lives[s].bytes = tensor_bytes(slot.dtype, slot.shape);
      mine.push_back(lives[s]);
      owners.push_back(s);
    }
    const MemoryPlan memory = plan_memory(mine);
    for (size_t i = 0; i < owners.size(); ++i) plan.slots[owners[i]].offset = memory.offsets[i];
    plan.arena_bytes[space] = memory.bytes;
  }
  for (uint32_t s = 0; s < plan.slots.size(); ++s) {
    const PlanSlots::Piece place = slots.place_of(s);
    if (plan.slots[s].kind == SlotKind::kArena && place.slot != s)
      plan.slots[s].offset = plan.slots[place.slot].offset + place.offset;
  }
}

void plan_releases(bool nested, Plan& plan) {
  std::vector<bool> released(plan.slots.size(), false);
  for (uint32_t s : plan.outputs) released[s] = true;
  for (uint32_t s = 0; s < plan.slots.size(); ++s) {
    const SlotKind kind = plan.slots[s].kind;
    if (kind != SlotKind::kHeap && !(kind == SlotKind::kInput && nested)) released[s] = true;
  }
  for (const Step& step : plan.steps)
    if (step.kind == StepKind::kUpload) released[step.inputs[0]] = true;
  const auto release = [&](Step& step, const std::vector<uint32_t>& of_step) {
    for (uint32_t s : of_step) {
      if (released[s]) continue;
      released[s] = true;
      step.release.push_back(s);
    }
  };
  for (size_t i = plan.steps.size(); i-- > 0;) {
    release(plan.steps[i], plan.steps[i].inputs);
    release(plan.steps[i], plan.steps[i].outputs);
  }
}

}  // namespace thaw
