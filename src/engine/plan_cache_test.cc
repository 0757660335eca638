#include "engine/plan_cache.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/stop.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMostRuns = 4;  // that a shape comes until it gets a plan of its own

std::vector<Shape> side(int64_t size) { return {{1, size, size, 3}}; }

// A cache of plans that compute nothing, and what was made for it.
struct Fixture {
  explicit Fixture(size_t most)
      : cache(
            most, kMostRuns,
            [this](const std::vector<Shape>& shapes, PlanCache::Kind kind,
                   const Fallback& fallback) {
              ++made;
              auto plan = std::make_shared<CachedPlan>();
              plan->shapes = shapes;
              plan->is_slow = kind != PlanCache::Kind::kExact;
              plan->rung = fallback.rung;
              if (plan->is_slow)
                plan->shapes = {Shape{1, kUnknownDim, kUnknownDim, 3}};
              else if (on_make)
                on_make(shapes);
              return plan;
            },
            [this](const std::vector<Shape>& shapes, const Fallback& fallback, bool is_news) {
              if (is_news) told.emplace_back(shapes, fallback.rung);
              if (on_fall) on_fall();
            }) {}

  std::atomic<int> made{0};
  std::function<void(const std::vector<Shape>&)> on_make;
  std::function<void()> on_fall;
  std::vector<std::pair<std::vector<Shape>, PlanRung>> told;
  PlanCache cache;
};

TEST(PlanCache, AShapeHasOnePlan) {
  Fixture f(2);
  const auto plan = f.cache.for_run(side(5));
  EXPECT_EQ(f.cache.for_run(side(5)), plan);
  EXPECT_EQ(f.cache.for_certain(side(5)), plan);
  EXPECT_NE(f.cache.for_run(side(6)), plan);
  EXPECT_EQ(f.made, 2);
}

TEST(PlanCache, AnOddShapeRunsSlowlyOnce) {
  Fixture f(1);
  const auto first = f.cache.for_run(side(5));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(f.cache.for_run(side(100 + i))->is_slow);
  EXPECT_EQ(f.made, 2);  // the first one's and the slow one
  EXPECT_FALSE(first->is_evicted);
  const auto own = f.cache.for_run(side(105));
  EXPECT_FALSE(own->is_slow);
  EXPECT_TRUE(first->is_evicted);
  EXPECT_EQ(f.cache.plans().size(), 2U);
}

TEST(PlanCache, ShapesInTurnEarnTheirPlansAnew) {
  Fixture f(1);
  f.cache.for_run(side(5));
  int slow = 0;
  std::vector<int> slow_runs;  // before each plan
  for (int i = 0; slow_runs.size() < 5; ++i) {
    ASSERT_LT(i, 100);
    // Two in turn, of which one has the plan.
    if (f.cache.for_run(side(5 + (i + 1) % 2))->is_slow) {
      ++slow;
    } else if (f.made > static_cast<int>(slow_runs.size()) + 2) {
      slow_runs.push_back(slow);
      slow = 0;
    }
  }
  EXPECT_EQ(slow_runs, (std::vector<int>{1, 2, kMostRuns, kMostRuns, kMostRuns}));
}

TEST(PlanCache, TheLeastRecentlyUsedGoes) {
  Fixture f(3);
  const auto a = f.cache.for_run(side(1));
  const auto b = f.cache.for_run(side(2));
  const auto c = f.cache.for_run(side(3));
  f.cache.touch(*a);
  f.cache.for_certain(side(4));
  EXPECT_TRUE(b->is_evicted);
  f.cache.for_run(side(3));
  f.cache.for_certain(side(5));
  EXPECT_TRUE(a->is_evicted);
  EXPECT_FALSE(c->is_evicted);
  ASSERT_EQ(f.cache.plans().size(), 3U);
  EXPECT_EQ(f.cache.plans()[0]->shapes, side(5));
  EXPECT_EQ(f.cache.plans()[2]->shapes, side(4));
}

TEST(PlanCache, NoneAreKept) {
  Fixture f(0);
  EXPECT_TRUE(f.cache.for_certain(side(5))->is_slow);
  for (int i = 0; i < 2 * kMostRuns; ++i) EXPECT_TRUE(f.cache.for_run(side(5))->is_slow);
  EXPECT_EQ(f.made, 1);
}

TEST(PlanCache, APlanThatIsBeingBuiltBlocksNobodyWhoHasOne) {
  Fixture f(2);
  const auto known = f.cache.for_run(side(5));
  std::promise<void> begun, go_on;
  f.on_make = [&](const auto&) {
    begun.set_value();
    go_on.get_future().wait();
  };
  auto builder = std::async(std::launch::async, [&] { return f.cache.for_run(side(6)); });
  begun.get_future().wait();
  EXPECT_EQ(f.cache.for_run(side(5)), known);
  auto other = std::async(std::launch::async, [&] { return f.cache.for_run(side(6)); });
  EXPECT_EQ(other.wait_for(std::chrono::milliseconds(5)), std::future_status::timeout);
  StopSignal stop;
  stop.stop_after(0.02);
  {
    const StopScope scope(&stop);
    EXPECT_THROW(f.cache.for_run(side(6)), Stopped);
  }
  go_on.set_value();
  EXPECT_EQ(builder.get(), other.get());
  EXPECT_EQ(f.made, 2);
}

TEST(PlanCache, WhoWaitedForAFailureTriesAgain) {
  Fixture f(2);
  f.on_make = [&](const auto&) {
    if (f.made == 1) throw InputError("no such graph");
  };
  EXPECT_THROW(f.cache.for_run(side(5)), InputError);
  EXPECT_FALSE(f.cache.for_run(side(5))->is_slow);
}

TEST(PlanCache, ManyThreadsBuildEachPlanOnce) {
  Fixture f(4);
  f.on_make = [](const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); };
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int64_t i = 0; i < 40; ++i)
        EXPECT_EQ(f.cache.for_run(side(1 + i % 4))->shapes, side(1 + i % 4));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(f.made, 4);
}

TEST(PlanCache, AFailedBuildIsNotTriedAgain) {
  Fixture f(3);
  f.on_make = [](const std::vector<Shape>& shapes) {
    if (shapes == side(5)) throw NoPlan(PlanRung::kBuildFailed, "no luck");
  };
  for (int i = 0; i < 20; ++i) {
    const auto plan = f.cache.for_run(side(5));
    EXPECT_TRUE(plan->is_slow);
    EXPECT_EQ(plan->rung, PlanRung::kBuildFailed);
  }
  EXPECT_TRUE(f.cache.for_certain(side(5))->is_slow);
  EXPECT_EQ(f.made, 2);  // the one that failed and the slow one
  EXPECT_FALSE(f.cache.for_run(side(6))->is_slow);
  ASSERT_EQ(f.told.size(), 1U);
  EXPECT_EQ(f.told[0].first, side(5));
}

TEST(PlanCache, WhatIsNotAllowedIsToldOnce) {
  Fixture f(3);
  f.on_make = [](const std::vector<Shape>&) {
    throw NoPlan(PlanRung::kBuildNotAllowed, "not here");
  };
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(f.cache.for_run(side(5 + i % 4))->is_slow);
  EXPECT_EQ(f.told.size(), 1U);
}

TEST(PlanCache, TheFullCacheIsToldOnce) {
  Fixture f(1);
  for (int i = 0; i < 20; ++i) f.cache.for_run(side(5 + i));
  ASSERT_EQ(f.told.size(), 1U);
  EXPECT_EQ(f.told[0].second, PlanRung::kCacheFull);
}

TEST(PlanCache, WhatIsThrownOverAFallIsTheRunsError) {
  Fixture f(1);
  f.on_fall = [] { throw ResourceError("strict"); };
  EXPECT_FALSE(f.cache.for_run(side(5))->is_slow);
  EXPECT_THROW(f.cache.for_run(side(6)), ResourceError);
  EXPECT_EQ(f.made, 1);
  EXPECT_FALSE(f.cache.for_run(side(6))->is_slow);  // it has come again
}

}  // namespace
}  // namespace thaw
