#include "engine/tune.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>

#include "base/thread_pool.h"
#include "engine/choose_kernel.h"
#include "engine/plan_runner.h"
#include "engine/race.h"
#include "engine/race_plans.h"
#include "runtime/null_device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

int made = 0;          // kernels
int seen_threads = 0;  // by the latest run
int lied = 0;          // runs in which LyingKernel was fast

void spend(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Takes so long on one thread, and as long with others' help.
template <int one_thread_us, int more_threads_us = one_thread_us>
class FakeKernel : public OpKernel {
 public:
  FakeKernel() { ++made; }
  void run(RunContext& context) override {
    seen_threads = context.pool().threads();
    context.output(0, DType::kFloat32, {1, 4, 4, 8});
    spend(std::chrono::microseconds(seen_threads == 1 ? one_thread_us : more_threads_us));
  }
};

// Fast as long as it is raced alone.
class LyingKernel : public FakeKernel<0> {
 public:
  void run(RunContext& context) override {
    context.output(0, DType::kFloat32, {1, 4, 4, 8});
    spend(std::chrono::microseconds(lied++ < kRacedRuns ? 20 : 900));
  }
  static constexpr int kRacedRuns = 20;
};

class FailingKernel : public OpKernel {
 public:
  void run(RunContext&) override { throw InputError("never"); }
};

std::string always(const OpDesc&) { return {}; }
std::string never(const OpDesc&) { return "never"; }

template <class K>
KernelRow row(const char* name, std::string (*can_run)(const OpDesc&) = always) {
  return {name, OpKind::kConv2D, can_run,
          [](const OpDesc&) -> std::unique_ptr<OpKernel> { return std::make_unique<K>(); }};
}

using Rows = std::vector<KernelRow>;

class TuneTest : public ::testing::Test {
 protected:
  TuneTest() : device_(make_cpu_device()) {
    made = lied = 0;
    options_.layer_ms = 30;
    options_.max_rounds = 20;
    options_.least_share = 0;  // whatever else goes on on the machine of the test
  }

  // Convolutions one after the other; those of `channels` 8 are alike.
  Graph chain(const std::vector<int64_t>& channels) {
    Graph g;
    ValueId x = g.add_input("x", {DType::kFloat32, {1, 4, 4, 8}});
    for (const int64_t c : channels) {
      const int64_t in = g.value(x).type.shape[3];
      x = g.add(Conv2D(), {x, g.constant(Tensor::zeros(DType::kFloat32, {1, 1, in, c}))}, "conv");
    }
    g.add_output("y", x);
    return g;
  }

  TunedKernels tuned(const Graph& g, int threads = 1) {
    ThreadPool pool(threads);
    return tune(g, context(), pool, cache_, options_);
  }
  TunedKernel only(int threads = 1) {
    const TunedKernels all = tuned(graph_, threads);
    EXPECT_EQ(all.layers.size(), 1U);
    return all.layers.empty() ? TunedKernel() : all.layers.begin()->second;
  }

  BuildContext context() {
    BuildContext context;
    context.device = device_.get();
    context.host_kernels = {rows_.data(), rows_.size()};
    context.optional = {{optional_.data(), optional_.size()}};
    return context;
  }

  const std::unique_ptr<Device> device_;
  const Graph graph_ = chain({8});
  TimingCache cache_{""};
  TuneOptions options_;
  Rows rows_;
  Rows optional_;
};

TEST_F(TuneTest, TakesTheFastestRowThatCan) {
  rows_ = {row<FakeKernel<300>>("slow"), row<FakeKernel<100>>("fast"),
           row<FakeKernel<200>>("middle"), row<FakeKernel<1>>("other", never)};
  const TunedKernel best = only();
  EXPECT_EQ(best.name, "fast");
  EXPECT_NE(best.why.find("raced 3"), std::string::npos) << best.why;
}

// Fast, and in want of memory.
class GreedyKernel : public FakeKernel<1> {
 public:
  size_t scratch_bytes(int /*threads*/) const override { return 4096; }
};

TEST_F(TuneTest, KernelsKeepToTheWorkspace) {
  rows_ = {row<FakeKernel<300>>("slow"), row<GreedyKernel>("greedy")};
  EXPECT_EQ(only().name, "greedy");
  BuildContext context = this->context();
  context.max_workspace_size = 4095;
  ThreadPool pool(1);
  const TunedKernels best = tune(graph_, context, pool, cache_, options_);
  for (const auto& [layer, kernel] : best.layers) EXPECT_EQ(kernel.name, "slow");
  rows_ = {row<GreedyKernel>("greedy"), row<FakeKernel<1>>("modest")};
  const std::unique_ptr<Plan> plan = build_plan(graph_, context);
  EXPECT_EQ(plan->steps[0].kernel_name, "modest");
  EXPECT_NE(plan->steps[0].why.find("greedy: asks for 0.004 MiB of working memory"),
            std::string::npos)
      << plan->steps[0].why;
}

TEST_F(TuneTest, TellsOfEachRaceAndWhatWasKnown) {
  rows_ = {row<FakeKernel<100>>("a"), row<FakeKernel<50>>("b")};
  size_t raced = 0;
  options_.raced = [&] { ++raced; };
  const TunedKernels first = tuned(graph_);
  EXPECT_EQ(first.known, 0U);
  EXPECT_EQ(first.races, raced);
  const TunedKernels again = tuned(graph_);
  EXPECT_EQ(again.known, again.races);
  EXPECT_EQ(first.races, raced);
}

// A device whose first row for a product is slow.
class TwoRowDevice : public NullDevice {
 public:
  TwoRowDevice() {
    for (const KernelRow& row : NullDevice::kernels())
      if (row.op == OpKind::kConv2D) rows_ = {{"slow", row.op, row.can_run, slow}, row};
  }
  KernelTable kernels() const override { return {rows_.data(), rows_.size()}; }

 private:
  static std::unique_ptr<OpKernel> slow(const OpDesc&) {
    return std::make_unique<FakeKernelWithoutPool>();
  }
  struct FakeKernelWithoutPool : OpKernel {
    void run(RunContext& context) override {
      std::memset(context.output(0).raw(), 0, context.output(0).num_bytes());
      spend(std::chrono::milliseconds(5));
    }
  };

  Rows rows_;
};

TEST_F(TuneTest, RowsOfADeviceAreRacedThere) {
  TwoRowDevice device;
  BuildContext context;
  context.device = &device;
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    const TunedKernels best = tune(graph_, context, pool, cache_, options_);
    ASSERT_EQ(best.layers.size(), 1U);
    EXPECT_EQ(best.layers.begin()->second.name, "null.Conv2D");
    context.tuned = &best;
    const std::unique_ptr<Plan> plan = build_plan(graph_, context);
    EXPECT_EQ(plan->segments[0].space, Space::kDevice);
    context.tuned = nullptr;
  }
}

TEST(Rank, StaysWithTheFirstUnlessAnotherIsClearlyFaster) {
  const auto best = [](double second_ms) {
    std::vector<KernelTiming> timings{
        {"first", 2, 1.0}, {"slow", 2, 3.0}, {"second", 1, second_ms}};
    rank(timings);
    EXPECT_EQ(timings.back().kernel, "slow");
    return timings[0].kernel;
  };
  EXPECT_EQ(best(0.99), "first");
  EXPECT_EQ(best(0.9), "second");
  EXPECT_EQ(best(1.1), "first");
}

TEST_F(TuneTest, TakesTheBestNumberOfThreadsOfTheWholePlan) {
  rows_ = {row<FakeKernel<100, 300>>("alone"), row<FakeKernel<400, 250>>("together")};
  TunedKernels best = tuned(graph_, 2);
  EXPECT_EQ(best.layers.begin()->second.name, "alone");
  EXPECT_EQ(best.threads, 1);
  EXPECT_GT(best.speedup, 1.5);
  rows_ = {row<FakeKernel<100, 50>>("any"), row<FakeKernel<300, 20>>("together")};
  best = tuned(graph_, 2);
  EXPECT_EQ(best.layers.begin()->second.name, "together");
  EXPECT_EQ(best.threads, 0) << "all of them";
}

TEST_F(TuneTest, ThePlanWithoutTuningStaysUnlessTheTunedOneIsFaster) {
  rows_ = {row<FakeKernel<150>>("honest"), row<LyingKernel>("liar")};
  options_.max_rounds = LyingKernel::kRacedRuns - 5;
  const TunedKernels best = tuned(graph_);
  EXPECT_TRUE(best.layers.empty());
  EXPECT_EQ(best.threads, 0);
  EXPECT_EQ(best.speedup, 1);
}

TEST_F(TuneTest, WithoutAFasterRowNothingIsCompared) {
  rows_ = {row<FakeKernel<20>>("fast"), row<FakeKernel<200>>("slow")};
  const TunedKernels best = tuned(graph_);
  EXPECT_EQ(best.speedup, 0);
  EXPECT_TRUE(best.layers.empty());
}

TEST_F(TuneTest, DisturbedRacesAreLeftOutAndNotKept) {
  rows_ = {row<FakeKernel<300>>("slow"), row<FakeKernel<20>>("fast")};
  options_.least_share = 1.5;  // no thread has that much of a processor
  const Graph many = chain({8, 8, 8, 8, 8, 8});
  const TunedKernels best = tuned(many);
  EXPECT_TRUE(best.layers.empty());
  EXPECT_EQ(best.left_out, 6U);
  options_.least_share = 0;
  EXPECT_EQ(tuned(many).layers.size(), 6U) << "nothing of it was kept";
}

TEST_F(TuneTest, FewerThreadsWinOnAMachineAtRestAlone) {
  rows_ = {row<FakeKernel<50, 400>>("any")};
  EXPECT_EQ(tuned(graph_, 2).threads, 1);
  TimingCache cache{""};
  ThreadPool pool(2);
  TunedKernels one;
  one.threads = 1;
  options_.least_share = 1.5;
  const PlanRace race = race_plans(graph_, context(), pool, {one}, options_);
  EXPECT_TRUE(race.disturbed);
  ASSERT_EQ(race.timings.size(), 2U);
  EXPECT_EQ(race.timings[0].kernel, kUntunedPlan);
  EXPECT_LT(race.timings[1].ms, race.timings[0].ms);
}

TEST_F(TuneTest, OptionalRowsAreRacedAndNeverTakenOtherwise) {
  rows_ = {row<FakeKernel<300>>("own")};
  optional_ = {row<FakeKernel<100>>("library")};
  EXPECT_EQ(only().name, "library");
  const OpDesc desc = describe(graph_, graph_.node(tuned(graph_).layers.begin()->first.second));
  EXPECT_STREQ(choose_kernel(desc, context(), Space::kHost).row->name, "own");
  EXPECT_STREQ(find_kernel("library", "", desc, context()).row->name, "library");
  optional_.clear();
  try {
    find_kernel("library", "", desc, context());
    FAIL();
  } catch (const InputError& e) {
    EXPECT_STREQ(e.what(), "there is no kernel library for Conv2D on this machine");
  }
}

TEST_F(TuneTest, ARowThatFailsIsLeftOut) {
  rows_ = {row<FakeKernel<300>>("slow"), row<FailingKernel>("failing"),
           row<FakeKernel<100>>("works")};
  EXPECT_EQ(only().name, "works");
  rows_ = {row<FailingKernel>("failing")};
  EXPECT_TRUE(tuned(graph_).layers.empty());
}

TEST_F(TuneTest, LayersOfOneKindAreRacedOnce) {
  rows_ = {row<FakeKernel<200>>("a"), row<FakeKernel<20>>("b")};
  const Graph same = chain({8, 8, 8});
  EXPECT_EQ(tuned(same).layers.size(), 3U);
  EXPECT_EQ(made, 2 + 2 * 3) << "one race, and two plans of three layers";
}

TEST_F(TuneTest, WhatTheCacheHasIsNotRacedAgain) {
  rows_ = {row<FakeKernel<200>>("a"), row<FakeKernel<10>>("b")};
  EXPECT_EQ(only().name, "b");
  EXPECT_EQ(made, 4) << "a race, and two plans";
  const TunedKernels again = tuned(graph_);
  EXPECT_EQ(made, 4);
  EXPECT_EQ(again.layers.begin()->second.name, "b");
  EXPECT_GT(again.speedup, 2);
  only(2);
  EXPECT_GT(made, 4) << "on two threads it is another race";
  rows_.push_back(row<FakeKernel<1>>("c"));
  EXPECT_EQ(only().name, "c") << "a row has come";
}

TEST_F(TuneTest, StepsRunOnAsManyThreadsAsWereBest) {
  rows_ = {row<FakeKernel<50, 400>>("alone")};
  ThreadPool pool(2);
  const TunedKernels best = tune(graph_, context(), pool, cache_, options_);
  BuildContext with_tuned = context();
  with_tuned.tuned = &best;
  PreparedKernels record;
  with_tuned.record = &record;
  const std::unique_ptr<Plan> plan = build_plan(graph_, with_tuned);
  ASSERT_EQ(plan->steps.size(), 1U);
  EXPECT_EQ(plan->steps[0].threads, 1);
  EXPECT_EQ(record.begin()->second.threads, 1);
  PlanRunner runner(*plan, *device_, pool);
  runner.executor().run({Tensor::zeros(DType::kFloat32, {1, 4, 4, 8})});
  EXPECT_EQ(seen_threads, 1);
  BuildContext prepared = context();
  prepared.prepared = &record;
  EXPECT_EQ(build_plan(graph_, prepared)->steps[0].threads, 1);
}

}  // namespace
}  // namespace thaw
