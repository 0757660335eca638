#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>

#include "thaw/error.h"

namespace thaw {
namespace {

std::shared_ptr<MemoryBudget> budget_of(size_t bytes, std::shared_ptr<MemoryBudget> of = nullptr) {
  return std::make_shared<MemoryBudget>(bytes, std::move(of));
}

TEST(TensorBytes, AreCheckedWhereverTheyMeet64Bits) {
  const int64_t big = int64_t{1} << 62;
  EXPECT_EQ(tensor_bytes(DType::kFloat32, {3, 5}), 60U);
  EXPECT_EQ(tensor_bytes(DType::kString, {3}), 3 * sizeof(std::string));
  EXPECT_EQ(tensor_bytes(DType::kFloat64, {1000, 0}), 0U);
  for (const DType dtype : {DType::kUInt8, DType::kFloat32, DType::kFloat64, DType::kString})
    for (const Shape& shape :
         {Shape{big}, Shape{big, 4}, Shape{big, 0}, Shape{big, 0, big}, Shape{1 << 30, big}})
      EXPECT_THROW(tensor_bytes(dtype, shape), InputError) << shape.str();
  EXPECT_THROW(Tensor::empty(DType::kFloat32, {big}), InputError);
  EXPECT_THROW(Tensor::view(DType::kFloat32, {big}, nullptr), InputError);
  EXPECT_THROW(Tensor::empty(DType::kFloat64, {int64_t{1} << 45}), ResourceError);
  EXPECT_THROW(Tensor::empty(DType::kString, {int64_t{1} << 45}), ResourceError);
}

TEST(MemoryBudget, HoldsTensorsUntilTheirLastCopyIsGone) {
  const auto budget = budget_of(1 << 20);
  Tensor a;
  {
    const MemoryScope scope(budget);
    a = Tensor::empty(DType::kUInt8, {600000});
    EXPECT_THROW(Tensor::empty(DType::kUInt8, {600000}), ResourceError);
    EXPECT_THROW(Tensor::empty(DType::kString, {20000}), ResourceError);
  }
  Tensor b = a;
  a = Tensor();
  EXPECT_LT(budget->left(), size_t{600000});
  std::thread([&] { b = Tensor(); }).join();
  EXPECT_EQ(budget->left(), size_t{1} << 20);
  EXPECT_NO_THROW(Tensor::empty(DType::kUInt8, {2 << 20})) << "outside the scope";
}

TEST(MemoryBudget, TakesOutOfItsParent) {
  const auto whole = budget_of(1000);
  const auto part = budget_of(800, whole);
  part->take(700);
  EXPECT_THROW(part->take(200), ResourceError);
  EXPECT_THROW(whole->take(400), ResourceError);
  EXPECT_THROW(budget_of(800, whole)->take(400), ResourceError);
  EXPECT_EQ(part->left(), 100U);
  part->give(700);
  EXPECT_EQ(whole->left(), 1000U);
}

TEST(MemoryBudget, CountsTextAndLists) {
  const auto budget = budget_of(1 << 20);
  const MemoryScope scope(budget);
  Tensor text = Tensor::empty(DType::kString, {2});
  text.data<std::string>()[1] = std::string(300000, 'x');
  const size_t before = budget->left();
  charge_contents(text);
  EXPECT_LE(budget->left() + 300000, before);
  charge_contents(text);
  EXPECT_LE(budget->left() + 300000, before) << "counted once";
  EXPECT_GT(budget->left() + 310000, before);
  Tensor list = Tensor::list({DType::kFloat32, Shape::unknown(), std::vector<Tensor>(1000)});
  const size_t without = budget->left();
  charge_contents(list);
  EXPECT_LE(budget->left() + 1000 * sizeof(Tensor), without);
  text = list = Tensor();
  EXPECT_EQ(budget->left(), size_t{1} << 20);
}

TEST(MemoryBudget, TextIsClaimedBeforeItIsWritten) {
  const MemoryScope scope(budget_of(1000));
  claim_text(900);
  EXPECT_THROW(claim_text(200), ResourceError);
  forget_text();
  EXPECT_NO_THROW(claim_text(900));
}

TEST(MachineMemory, IsKnown) {
  EXPECT_GT(machine_memory(), size_t{1} << 26);
  EXPECT_LT(machine_memory(), size_t{1} << 50);
}

}  // namespace
}  // namespace thaw
