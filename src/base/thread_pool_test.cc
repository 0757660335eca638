#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <time.h>

#include <cstdlib>
#include <stdexcept>

namespace thaw {
namespace {

double process_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

TEST(ThreadPool, LimitBoundsThePartsUntilItIsLifted) {
  ThreadPool pool(4);
  const auto parts = [&] {
    std::atomic<int> count{0};
    std::atomic<int> highest{0};
    pool.parallel_for(1000, [&](int64_t, int64_t, int thread) {
      ++count;
      int seen = highest;
      while (thread > seen && !highest.compare_exchange_weak(seen, thread)) {
      }
    });
    EXPECT_LT(highest, pool.threads());
    return count.load();
  };
  EXPECT_EQ(parts(), 4);
  pool.limit(2);
  EXPECT_EQ(pool.threads(), 2);
  EXPECT_EQ(parts(), 2);
  pool.limit(9);
  EXPECT_EQ(parts(), 4);
  pool.limit(1);
  EXPECT_EQ(parts(), 1);
  pool.limit(0);
  EXPECT_EQ(parts(), 4);
}

TEST(ThreadPool, CoversTheRangeOnce) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int64_t n : {0, 1, 2, 7, 1000}) {
      for (int64_t grain : {1, 3, 2000}) {
        std::vector<int> hits(static_cast<size_t>(n), 0);
        pool.parallel_for(n, grain, [&](int64_t begin, int64_t end, int thread) {
          EXPECT_GE(thread, 0);
          EXPECT_LT(thread, threads);
          for (int64_t i = begin; i < end; ++i) ++hits[static_cast<size_t>(i)];
        });
        for (int h : hits) EXPECT_EQ(h, 1);
      }
    }
  }
}

TEST(ThreadPool, SplitsAreTheSameEveryTime) {
  ThreadPool pool(3);
  std::vector<int64_t> first(3, -1);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> begins(3, -1);
    pool.parallel_for(100, [&](int64_t begin, int64_t, int thread) {
      begins[static_cast<size_t>(thread)] = begin;
    });
    if (round == 0) first = begins;
    EXPECT_EQ(begins, first);
  }
  EXPECT_EQ(first, (std::vector<int64_t>{0, 33, 66}));
}

TEST(ThreadPool, ManyShortJobsOfDifferentWidth) {
  ThreadPool pool(4);
  std::vector<int64_t> sums(4, 0);
  for (int64_t round = 0; round < 5000; ++round) {
    pool.parallel_for(1 + round % 5, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t i = begin; i < end; ++i) sums[static_cast<size_t>(thread)] += 1;
    });
  }
  EXPECT_EQ(sums[0] + sums[1] + sums[2] + sums[3], 5000 * 3);
}

TEST(ThreadPool, NestedCallsRunInline) {
  ThreadPool pool(3);
  std::atomic<int64_t> total{0};
  pool.parallel_for(6, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      pool.parallel_for(10, [&](int64_t b, int64_t e, int thread) {
        EXPECT_EQ(thread, 0);
        total += e - b;
      });
    }
  });
  EXPECT_EQ(total.load(), 60);
}

TEST(ThreadPool, CallersDoNotDisturbEachOther) {
  ThreadPool pool(2);
  std::atomic<int64_t> total{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 500; ++i)
        pool.parallel_for(8, [&](int64_t b, int64_t e, int) { total += e - b; });
    });
  }
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(total.load(), 3 * 500 * 8);
}

TEST(ThreadPool, ThrowsWhatAPartThrew) {
  ThreadPool pool(3);
  for (int64_t bad : {0, 1, 2}) {
    EXPECT_THROW(pool.parallel_for(3,
                                   [&](int64_t begin, int64_t, int) {
                                     if (begin == bad) throw std::runtime_error("part");
                                   }),
                 std::runtime_error);
  }
  int64_t ran = 0;
  pool.parallel_for(1, [&](int64_t, int64_t end, int) { ran = end; });
  EXPECT_EQ(ran, 1);
}

int widest_loop(ThreadPool& pool) {
  std::atomic<int> parts{0};
  pool.parallel_for(64, [&](int64_t, int64_t, int) { ++parts; });
  return parts.load();
}

// Sessions at the same time divide the processors; one alone has as many as it has threads.
TEST(ThreadPool, SessionsShareTheProcessors) {
  const int processors = available_processors();
  ThreadPool first(processors);
  ThreadPool second(processors);
  ThreadPool wide(3 * processors);
  {
    const ThreadPool::Session one(first);
    EXPECT_EQ(widest_loop(first), processors);
    const ThreadPool::Session two(second);
    EXPECT_EQ(widest_loop(first) + widest_loop(second), std::max(processors, 2));
    EXPECT_LE(std::abs(widest_loop(first) - widest_loop(second)), 1);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(10));  // both are done
  const ThreadPool::Session alone(second);
  EXPECT_EQ(widest_loop(second), processors);
  EXPECT_EQ(widest_loop(wide), 3 * processors);  // it has no session
}

// Sessions in turn are no sessions at the same time.
TEST(ThreadPool, SessionsInTurnHaveAllThreads) {
  const int processors = available_processors();
  ThreadPool first(processors);
  ThreadPool second(processors);
  for (int i = 0; i < 3; ++i) {
    for (ThreadPool* pool : {&first, &second}) {
      const ThreadPool::Session session(*pool);
      EXPECT_EQ(widest_loop(*pool), processors);
    }
  }
}

TEST(ThreadPool, PinsThreadsToProcessorsOfTheirOwn) {
  const ProcessorSet usable = usable_processors();
  if (usable.none()) GTEST_SKIP() << "the system does not say which processors there are";
  const int processors = available_processors();
  const int threads = std::max(processors / 2, 1);
  ThreadPool first(threads, true);
  ThreadPool second(threads, true);
  std::vector<int> uses(kMaxProcessors, 0);
  for (ThreadPool* pool : {&first, &second}) {
    const ThreadPool::Session session(*pool);
    std::mutex mutex;
    std::atomic<int> arrived{0};
    pool->parallel_for(threads, [&](int64_t, int64_t, int) {
      ++arrived;
      while (arrived < threads) std::this_thread::yield();  // each part on a thread of its own
      const ProcessorSet mine = usable_processors();
      EXPECT_EQ(mine.count(), 1U);
      const std::lock_guard<std::mutex> lock(mutex);
      for (int i = 0; i < kMaxProcessors; ++i)
        uses[static_cast<size_t>(i)] += mine[static_cast<size_t>(i)];
    });
  }
  for (int i = 0; i < kMaxProcessors; ++i) {
    EXPECT_LE(uses[static_cast<size_t>(i)], processors > 1 ? 1 : 2) << "processor " << i;
    EXPECT_TRUE(uses[static_cast<size_t>(i)] == 0 || usable[static_cast<size_t>(i)]);
  }
  EXPECT_EQ(usable_processors(), usable);  // the caller may run anywhere again
}

// A part that does not run, as when another process has its processor, is not waited for awake.
TEST(ThreadPool, SleepsWhereAPartDoesNotRun) {
  ThreadPool pool(2);
  constexpr int kLoops = 30;
  double used = 0;
  for (int attempt = 0; attempt < 10; ++attempt) {  // other work may keep the worker from its part
    const double before = process_cpu_seconds();
    for (int i = 0; i < kLoops; ++i) {
      std::atomic<bool> begun{false};
      pool.parallel_for(2, [&](int64_t begin, int64_t, int) {
        if (begin == 1) begun = true;
        if (begin == 1) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        while (!begun) std::this_thread::sleep_for(std::chrono::microseconds(20));
      });
    }
    used = process_cpu_seconds() - before;
    if (used < kLoops * 200e-6) return;  // two threads, 380 us if awake
  }
  FAIL() << used / kLoops << " s of processor time for a loop";
}

TEST(ThreadPool, MeasuresItsWork) {
  ThreadPool pool(2);
  const auto sleep = [](int64_t begin, int64_t, int) {
    if (begin == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  pool.parallel_for(2, sleep);
  EXPECT_EQ(pool.take_times().work_ms, 0);
  pool.measure(true);
  pool.parallel_for(2, sleep);
  const ThreadPool::Times times = pool.take_times();
  EXPECT_GE(times.caller_ms, 9.9);
  EXPECT_GE(times.work_ms, 9.9);
  EXPECT_LT(times.work_ms, 2 * times.caller_ms);
  EXPECT_EQ(pool.take_times().caller_ms, 0);
}

TEST(ThreadPool, SleepsWhenIdle) {
  ThreadPool pool(4);
  pool.parallel_for(4, [](int64_t, int64_t, int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double before = process_cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(process_cpu_seconds() - before, 0.05);
  std::atomic<int> parts{0};
  pool.parallel_for(4, [&](int64_t, int64_t, int) { ++parts; });  // and they wake again
  EXPECT_EQ(parts.load(), 4);
}

}  // namespace
}  // namespace thaw
