#include "engine/plan_slots.h"

#include <algorithm>

#include "base/memory_budget.h"
#include "ops/traits.h"

namespace thaw {
namespace {

// Whether a concatenation's pieces lie one after the other in its result: it has nothing to
// repeat, all dimensions before the axis being 1.
bool joins_in_a_row(const Graph& graph, const Node& node) {
  const Tensor* axis = graph.constant_value(node.inputs.back());
  const Shape& shape = graph.value(node.outputs[0]).type.shape;
  if (!axis || !shape.is_static() || shape.num_elements() == 0) return false;
  const int64_t at = axis->int_at(0) < 0 ? axis->int_at(0) + shape.rank() : axis->int_at(0);
  for (int64_t i = 0; i < at; ++i)
    if (shape[static_cast<int>(i)] != 1) return false;
  return true;
}

// Whether another node than `reader` and those that only rename reads the value under any name.
bool is_read_elsewhere(const Graph& graph, ValueId value, const Node& reader) {
  const auto renames = [&](NodeId id) { return traits(graph.node(id).op).only_renames; };
  while (graph.value(value).producer != kNone && renames(graph.value(value).producer))
    value = graph.node(graph.value(value).producer).inputs[0];
  std::vector<ValueId> names = {value};
  for (size_t i = 0; i < names.size(); ++i)
    for (NodeId user : graph.value(names[i]).users) {
      const Node& node = graph.node(user);
      if (renames(user))
        names.push_back(node.outputs[0]);
      else if (&node != &reader)
        return true;
    }
  return false;
}

}  // namespace

PlanSlots::PlanSlots(const Graph& graph, const std::vector<NodeId>& order, bool nested, Plan& plan)
    : graph_(graph),
      plan_(plan),
      of_value_(graph.num_values(), {kNoSlot, kNoSlot}),
      must_be_heap_(graph.num_values(), nested) {
  // Lists and nested graphs keep what they are given beyond the step: it can't lie in the arena.
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (!node.as<While>() && !node.as<If>() && !traits(node.op).works_on_lists) continue;
    for (ValueId v : node.inputs) must_be_heap_[v] = true;
    for (ValueId v : node.outputs) must_be_heap_[v] = true;
  }
}

SlotKind PlanSlots::kind_for(ValueId value, Space space) const {
  if (space == Space::kDevice) return SlotKind::kArena;
  const TensorType& type = graph_.value(value).type;
  const bool planned =
      !must_be_heap_[value] && type.shape.is_static() && dtype_size(type.dtype) > 0;
  return planned ? SlotKind::kArena : SlotKind::kHeap;
}

uint32_t PlanSlots::add(Slot slot) {
  plan_.slots.push_back(std::move(slot));
  root_.push_back(static_cast<uint32_t>(root_.size()));
  part_of_.emplace_back();
  return root_.back();
}

uint32_t PlanSlots::add_for(ValueId value, SlotKind kind, Space space) {
  Slot slot;
  slot.kind = kind;
  slot.space = space;
  slot.dtype = graph_.value(value).type.dtype;
  slot.shape = graph_.value(value).type.shape;
  return of_value_[value][static_cast<size_t>(space)] = add(std::move(slot));
}

uint32_t PlanSlots::add_constant(ValueId value, Space space, const Tensor& constant) {
  Slot slot;
  slot.kind = SlotKind::kConstant;
  slot.space = space;
  slot.dtype = constant.dtype();
  slot.shape = constant.shape();
  slot.constant = constant;
  return of_value_[value][static_cast<size_t>(space)] = add(std::move(slot));
}

bool PlanSlots::add_alias(const Node& node, Space space, uint32_t source) {
  if (!traits(node.op).only_renames || kind_for(node.outputs[0], space) != SlotKind::kArena ||
      plan_.slots[source].kind != SlotKind::kArena)
    return false;
  Slot slot = plan_.slots[source];
  slot.shape = graph_.value(node.outputs[0]).type.shape;
  const uint32_t alias = add(slot);
  root_[alias] = root_[source];
  of_value_[node.outputs[0]][static_cast<size_t>(space)] = alias;
  return true;
}

// A buffer can be at one place only, and constants and inputs are where they are.
bool PlanSlots::add_joined(const Node& node, Space space) {
  if (!std::holds_alternative<Concat>(node.op) || !joins_in_a_row(graph_, node) ||
      kind_for(node.outputs[0], space) != SlotKind::kArena)
    return false;
  constexpr size_t kReadTogether = 16;  // bytes that a device's kernels load at once
  std::vector<uint32_t> parts;
  size_t end = 0;
  for (size_t i = 0; i + 1 < node.inputs.size(); ++i) {
    const TensorType& type = graph_.value(node.inputs[i]).type;
    if (space == Space::kDevice && end % kReadTogether != 0 &&
        is_read_elsewhere(graph_, node.inputs[i], node))
      return false;
    end += tensor_bytes(type.dtype, type.shape);
    const uint32_t slot = of(node.inputs[i], space);
    if (slot == kNoSlot || plan_.slots[slot].kind != SlotKind::kArena) return false;
    const uint32_t root = root_[slot];
    if (part_of_[root].slot != kNoSlot ||
        std::find(parts.begin(), parts.end(), root) != parts.end())
      return false;
    parts.push_back(root);
  }
  const uint32_t joined = add_for(node.outputs[0], SlotKind::kArena, space);
  size_t offset = 0;
  for (uint32_t part : parts) {
    part_of_[part] = {joined, offset};
    offset += tensor_bytes(plan_.slots[part].dtype, plan_.slots[part].shape);
  }
  return true;
}

PlanSlots::Piece PlanSlots::place_of(uint32_t slot) const {
  Piece place{root_[slot], 0};
  while (part_of_[place.slot].slot != kNoSlot) {
    place.offset += part_of_[place.slot].offset;
    place.slot = root_[part_of_[place.slot].slot];
  }
  return place;
}

}  // namespace thaw
