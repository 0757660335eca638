#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "thaw/error.h"

namespace thaw {
namespace {

bool overlap(const Lifetime& a, size_t a_at, const Lifetime& b, size_t b_at) {
  const bool in_time = a.first <= b.last && b.first <= a.last;
  return in_time && a_at < b_at + b.bytes && b_at < a_at + a.bytes;
}

TEST(MemoryPlan, BuffersAliveTogetherDoNotOverlap) {
  std::mt19937 random(20261124);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> lives;
    for (int i = 0; i < 60; ++i) {
      const size_t first = random() % 100;
      lives.push_back({1 + random() % 5000, first, first + random() % 20});
    }
    const MemoryPlan plan = plan_memory(lives);
    for (size_t i = 0; i < lives.size(); ++i) {
      EXPECT_EQ(plan.offsets[i] % 64, 0U);
      EXPECT_LE(plan.offsets[i] + lives[i].bytes, plan.bytes);
      for (size_t j = i + 1; j < lives.size(); ++j)
        EXPECT_FALSE(overlap(lives[i], plan.offsets[i], lives[j], plan.offsets[j]));
    }
  }
}

TEST(MemoryPlan, ManyBuffersTakeLittleTimeAndDoNotOverlap) {
  std::vector<Lifetime> lives;
  for (size_t i = 0; i < 100000; ++i) lives.push_back({1 + i % 500, i, i + 1 + i % 7});
  const MemoryPlan plan = plan_memory(lives);
  EXPECT_LT(plan.bytes, size_t{1} << 24);
  for (size_t i = 0; i < lives.size(); ++i)
    for (size_t j = i + 1; j < std::min(i + 10, lives.size()); ++j)
      EXPECT_FALSE(overlap(lives[i], plan.offsets[i], lives[j], plan.offsets[j]));
}

TEST(MemoryPlan, RefusesMoreThan64BitsCount) {
  const size_t most = std::numeric_limits<size_t>::max();
  EXPECT_THROW(plan_memory({{most - 3, 0, 0}}), ResourceError);
  EXPECT_THROW(plan_memory({{most / 2, 0, 1}, {most / 2, 0, 1}, {most / 2, 0, 1}}), ResourceError);
  EXPECT_THROW(plan_memory(std::vector<Lifetime>(10000, {size_t{1} << 51, 0, 1})), ResourceError);
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  std::vector<Lifetime> lives;
  for (size_t i = 0; i < 10; ++i) lives.push_back({1024, i, i + 1});
  EXPECT_EQ(plan_memory(lives).bytes, 2048U);
}

}  // namespace
}  // namespace thaw
