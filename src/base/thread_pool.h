// A fixed set of threads for loops: static, deterministic splits, no allocation per call.
//
// Workers spin for a short while after a job, because the next layer's is usually microseconds
// away, and then sleep until there is work. The caller runs the parts of workers that haven't come
// by the time it has done its own. Pools that are at work at the same time share the processors
// (Session); where other processes want them, waiting threads sleep almost at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/processors.h"

namespace thaw {

class ThreadPool {
 public:
  // `threads` counts the caller, who takes part: 1 starts no thread. Values below 1 count as 1.
  // With `pin` each thread is bound to a processor of its own (ProcessorLease), the caller during
  // its sessions. Throws ResourceError when they can't all be started.
  explicit ThreadPool(int threads, bool pin = false);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return threads_; }
  // How many threads loops are split for: all there are, or the limit.
  int threads() const { return limit_; }
  // Splits the loops from here on for at most so many threads; 0: for all. For the thread that uses
  // the pool, between its loops: what it sized by threads() before is too small after.
  void limit(int threads);

  // The caller's time with a series of loops, such as one run of a model. Of the pools that have a
  // session, or had one moments ago, each uses so many of its threads that together they are no
  // more than the processors that may be used; one at least.
  class Session {
   public:
    explicit Session(ThreadPool& pool);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

   private:
    ThreadPool& pool_;
    std::optional<ThreadBinding> binding_;
  };

  // Where the time of loops goes that several threads take part in, summed since the latest call;
  // none unless it is measured.
  struct Times {
    double caller_ms = 0;  // the caller's time in them
    double work_ms = 0;    // all threads' time in their parts
  };
  void measure(bool on) { measures_.store(on, std::memory_order_relaxed); }
  Times take_times();

  // How many threads may take part in a loop now, beside the limit.
  int share() const { return share_.load(std::memory_order_relaxed); }

  // Calls fn(begin, end, thread) so that the ranges cover [0, n) once; thread is in
  // [0, threads()) and no two calls at a time share one. Every part but the last few has at least
  // `grain` items; the split follows from n, grain, share() and threads() alone. A call from within
  // fn, or while another thread uses the pool, runs inline as fn(0, n, 0). The first exception of
  // fn is thrown again here once all parts have ended.
  template <class F>
  void parallel_for(int64_t n, int64_t grain, F&& fn) {
    using Fn = std::remove_reference_t<F>;
    run(
        n, grain,
        [](void* context, int64_t begin, int64_t end, int thread) {
          (*static_cast<Fn*>(context))(begin, end, thread);
        },
        const_cast<void*>(static_cast<const void*>(&fn)));
  }
  template <class F>
  void parallel_for(int64_t n, F&& fn) {
    parallel_for(n, 1, fn);
  }

 private:
  using Job = void (*)(void* context, int64_t begin, int64_t end, int thread);
  using Clock = std::chrono::steady_clock;
  friend class WorkingPools;

  void run(int64_t n, int64_t grain, Job job, void* context);
  void run_part(int part, int parts) noexcept;
  bool claim(int part, uint64_t ticket);
  void worker(int index);
  void stop_workers();
  uint64_t wait_for_ticket(uint64_t seen);
  void wait_for_workers(Clock::duration own);
  template <class Ready>
  bool spin(std::chrono::microseconds limit, Ready ready);
  void note_crowd_sign(Clock::time_point now);

  const int threads_;
  const ProcessorSet usable_;  // by the thread that made the pool
  std::optional<ProcessorLease> lease_;
  std::atomic<int> share_;
  int limit_;
  // In Clock's ticks: until when other threads are thought to want the processors, and the latest
  // sign that they might.
  std::atomic<Clock::rep> crowded_until_{0};
  std::atomic<Clock::rep> crowd_sign_{0};
  std::atomic<bool> measures_{false};
  double caller_ms_ = 0;
  std::atomic<Clock::rep> work_{0};
  std::vector<std::thread> workers_;

  // The job; written by the caller before the ticket, read by those who take part in it.
  Job job_ = nullptr;
  void* context_ = nullptr;
  int64_t n_ = 0;

  std::atomic<bool> busy_{false};
  // Job number in the upper bits, number of parts in the lower 16. Part i is for worker i or the
  // caller, whoever claims it first; who has no claim touches nothing of the job.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  struct alignas(64) Claim {
    std::atomic<uint64_t> ticket{0};  // of the last job in which the part was claimed
  };
  std::vector<Claim> claims_;
  alignas(64) std::atomic<int> pending_{0};  // parts that aren't done, without the caller's own
  std::atomic<int> sleepers_{0};
  std::atomic<bool> caller_sleeps_{false};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::exception_ptr error_;  // guarded by mutex_ while parts run
};

}  // namespace thaw
