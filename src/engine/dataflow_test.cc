#include "engine/dataflow.h"

#include <gtest/gtest.h>

namespace thaw {
namespace {

using Steps = std::vector<size_t>;

uint32_t add_slot(Plan& plan, SlotKind kind, size_t offset, int64_t count) {
  Slot slot;
  slot.kind = kind;
  slot.dtype = DType::kUInt8;
  slot.shape = {count};
  slot.offset = offset;
  plan.slots.push_back(slot);
  return static_cast<uint32_t>(plan.slots.size() - 1);
}

void add_step(Plan& plan, std::vector<uint32_t> inputs, std::vector<uint32_t> outputs) {
  Step step;
  step.inputs = std::move(inputs);
  step.outputs = std::move(outputs);
  plan.steps.push_back(std::move(step));
}

TEST(Dataflow, FollowsMemoryThatIsUsedAgain) {
  Plan plan;
  const uint32_t fed = add_slot(plan, SlotKind::kInput, 0, 8);
  const uint32_t a = add_slot(plan, SlotKind::kArena, 0, 8);
  const uint32_t b = add_slot(plan, SlotKind::kArena, 8, 8);
  const uint32_t c = add_slot(plan, SlotKind::kArena, 0, 4);  // where a was
  const uint32_t heap = add_slot(plan, SlotKind::kHeap, 0, 4);
  add_step(plan, {fed}, {a});
  add_step(plan, {a}, {b});
  add_step(plan, {b}, {c});
  add_step(plan, {c, b}, {heap});
  add_step(plan, {heap}, {a});
  plan.outputs = {a, fed};
  const Dataflow flow = find_dataflow(plan);
  EXPECT_EQ(flow.writers[0][0], Steps());
  EXPECT_EQ(flow.writers[1][0], Steps{0});
  EXPECT_EQ(flow.writers[3][0], Steps{2});
  EXPECT_EQ(flow.writers[3][1], Steps{1});
  EXPECT_EQ(flow.writers[4][0], Steps{3});
  EXPECT_EQ(flow.output_writers[0], Steps{4});
  EXPECT_EQ(flow.output_writers[1], Steps());
}

TEST(Dataflow, PartsOfAConcatenationAreItsWriters) {
  Plan plan;
  const uint32_t whole = add_slot(plan, SlotKind::kArena, 0, 12);
  std::vector<uint32_t> parts;
  for (size_t i = 0; i < 3; ++i) parts.push_back(add_slot(plan, SlotKind::kArena, 4 * i, 4));
  for (const uint32_t part : parts) add_step(plan, {}, {part});
  add_step(plan, {whole}, {add_slot(plan, SlotKind::kArena, 12, 1)});
  add_step(plan, {}, {add_slot(plan, SlotKind::kArena, 2, 4)});  // over the ends of two
  add_step(plan, {whole}, {});
  add_step(plan, {parts[0]}, {});
  const Dataflow flow = find_dataflow(plan);
  EXPECT_EQ(flow.writers[3][0], (Steps{0, 1, 2}));
  EXPECT_EQ(flow.writers[5][0], (Steps{0, 1, 2, 4}));
  EXPECT_EQ(flow.writers[6][0], (Steps{0, 4}));
}

}  // namespace
}  // namespace thaw
