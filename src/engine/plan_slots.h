// Which slot, and with it which memory, each value of a graph has in a plan that is being built.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "graph/graph.h"
#include "runtime/plan.h"

namespace thaw {

class PlanSlots {
 public:
  // A place in a slot's memory.
  struct Piece {
    uint32_t slot = kNoSlot;
    size_t offset = 0;  // bytes
  };

  // Of a graph that is nested in another, what it computes outlives the step: nothing is planned.
  PlanSlots(const Graph& graph, const std::vector<NodeId>& order, bool nested, Plan& plan);

  // The value's slot in that memory; kNoSlot when it has none there.
  uint32_t of(ValueId value, Space space) const {
    return of_value_[value][static_cast<size_t>(space)];
  }
  bool used(ValueId value) const {
    return of(value, Space::kHost) != kNoSlot || of(value, Space::kDevice) != kNoSlot;
  }
  uint32_t add(Slot slot);
  // A slot of the value's type; the value's slot there from now on.
  uint32_t add_for(ValueId value, SlotKind kind, Space space);
  uint32_t add_constant(ValueId value, Space space, const Tensor& constant);
  // Planned where its shape is known beforehand and nothing keeps it beyond its step; on a device
  // always.
  SlotKind kind_for(ValueId value, Space space) const;

  // A planned tensor under another shape needs no step: false when this node is none such. Its
  // input's slot in that memory is `source`.
  bool add_alias(const Node& node, Space space, uint32_t source);
  // A concatenation needs no step when the steps before write their results where it wants them.
  bool add_joined(const Node& node, Space space);

  // Where the slot's memory begins in the slot that owns it.
  Piece place_of(uint32_t slot) const;

 private:
  const Graph& graph_;
  Plan& plan_;
  std::vector<std::array<uint32_t, 2>> of_value_;  // by space
  std::vector<bool> must_be_heap_;                 // by value
  std::vector<uint32_t> root_;                     // by slot: the slot whose memory it shares
  std::vector<Piece> part_of_;                     // by slot: where in a joined slot it lies
};

// Gives every planned slot its place in its arena. A buffer that a device may still read or write
// is nobody else's until an event says that it is done.
void plan_arenas(const PlanSlots& slots, Plan& plan);
// When heap slots are let go; what is copied to a device stays until the run ends.
void plan_releases(bool nested, Plan& plan);

}  // namespace thaw
