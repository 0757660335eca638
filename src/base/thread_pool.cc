#include "base/thread_pool.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint64_t kPartsMask = 0xFFFF;
constexpr int kMaxThreads = 1024;
constexpr auto kWorkerSpin = std::chrono::microseconds(80);
constexpr auto kCallerSpin = std::chrono::microseconds(300);
constexpr auto kCrowdedSpin = std::chrono::microseconds(5);
// A spinning thread that did not run for so long had to leave its processor to another.
constexpr auto kPreempted = std::chrono::microseconds(200);
// Two signs of others within the first time mean that they stay for the second.
constexpr auto kBetweenSigns = std::chrono::milliseconds(10);
constexpr auto kCrowd = std::chrono::milliseconds(50);
// A pool that had sessions at the same time as another counts as at work between them too.
constexpr auto kBetweenSessions = std::chrono::milliseconds(3);
constexpr auto kSameTime = std::chrono::milliseconds(100);

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// All pools of the process. Who begins a session deals the processors out anew.
class WorkingPools {
 public:
  using Clock = ThreadPool::Clock;

  static WorkingPools& instance() {
    static auto* pools = new WorkingPools;  // never destroyed: pools may outlive static objects
    return *pools;
  }

  void add(ThreadPool& pool) {
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.push_back({&pool});
    count_processors();
  }

  void remove(ThreadPool& pool) {
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.erase(find(pool));
    count_processors();
  }

  void begin(ThreadPool& pool) {
    const Clock::time_point now = Clock::now();
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto entry = find(pool);
    for (Entry& other : entries_)
      if (other.pool != &pool && other.sessions > 0) entry->met = other.met = now;
    ++entry->sessions;
    deal(now);
  }

  void end(ThreadPool& pool) {
    const Clock::time_point now = Clock::now();
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto entry = find(pool);
    --entry->sessions;
    entry->ended = now;
  }

 private:
  struct Entry {
    ThreadPool* pool = nullptr;
    int sessions = 0;
    int share = 0;
    Clock::time_point ended{};  // its latest session
    Clock::time_point met{};    // another pool's session
  };

  std::vector<Entry>::iterator find(const ThreadPool& pool) {
    return std::find_if(entries_.begin(), entries_.end(),
                        [&](const Entry& entry) { return entry.pool == &pool; });
  }

  void count_processors() {
    ProcessorSet usable;
    for (const Entry& entry : entries_) usable |= entry.pool->usable_;
    processors_ = usable.any() ? static_cast<int>(usable.count()) : available_processors();
  }

  static bool works(const Entry& entry, Clock::time_point now) {
    return entry.sessions > 0 ||
           (now - entry.ended < kBetweenSessions && now - entry.met < kSameTime);
  }

  // One each, then one more each as long as there are processors and threads for them.
  void deal(Clock::time_point now) {
    int left = processors_;
    for (Entry& entry : entries_) left -= entry.share = works(entry, now) ? 1 : 0;
    for (bool wanted = true; wanted && left > 0;) {
      wanted = false;
      for (Entry& entry : entries_) {
        if (left <= 0 || entry.share == 0 || entry.share >= entry.pool->threads_) continue;
        ++entry.share;
        --left;
        wanted = true;
      }
    }
    for (const Entry& entry : entries_)
      if (entry.share > 0) entry.pool->share_.store(entry.share, std::memory_order_relaxed);
  }

  std::mutex mutex_;
  std::vector<Entry> entries_;
  int processors_ = 1;
};

ThreadPool::Session::Session(ThreadPool& pool) : pool_(pool) {
  WorkingPools::instance().begin(pool);
  if (pool.lease_ && !pool.lease_->processors().empty())
    binding_.emplace(pool.lease_->processors()[0]);
}

ThreadPool::Session::~Session() { WorkingPools::instance().end(pool_); }

ThreadPool::ThreadPool(int threads, bool pin)
    : threads_(std::clamp(threads, 1, kMaxThreads)),
      usable_(usable_processors()),
      share_(threads_),
      limit_(threads_),
      claims_(static_cast<size_t>(threads_)) {
  if (pin) lease_.emplace(threads_);
  try {
    workers_.reserve(static_cast<size_t>(threads_ - 1));
    for (int i = 1; i < threads_; ++i) workers_.emplace_back([this, i] { worker(i); });
    WorkingPools::instance().add(*this);
  } catch (const std::system_error& e) {
    const size_t started = workers_.size() + 1;
    stop_workers();
    throw ResourceError("of " + std::to_string(threads_) + " threads only " +
                        std::to_string(started) + " can be started: " + e.code().message());
  } catch (...) {
    stop_workers();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  WorkingPools::instance().remove(*this);
  stop_workers();
}

void ThreadPool::stop_workers() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : workers_) thread.join();
}

void ThreadPool::limit(int threads) {
  limit_ = threads > 0 ? std::min(threads, threads_) : threads_;
}

void ThreadPool::run(int64_t n, int64_t grain, Job job, void* context) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t parts = std::min<int64_t>(std::min(share(), limit_), (n - 1) / grain + 1);
  if (parts <= 1 || busy_.exchange(true, std::memory_order_acquire)) {
    job(context, 0, n, 0);
    return;
  }
  const Clock::time_point start = Clock::now();
  job_ = job;
  context_ = context;
  n_ = n;
  pending_.store(static_cast<int>(parts) - 1, std::memory_order_relaxed);
  const uint64_t number = (ticket_.load(std::memory_order_relaxed) & ~kPartsMask) + kPartsMask + 1;
  const uint64_t ticket = number | static_cast<uint64_t>(parts);
  ticket_.store(ticket);
  if (sleepers_.load() > 0) {
    { std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }
  run_part(0, static_cast<int>(parts));
  for (int part = static_cast<int>(parts) - 1; part > 0; --part) {
    if (!claim(part, ticket)) continue;
    run_part(part, static_cast<int>(parts));
    pending_.fetch_sub(1);
  }
  wait_for_workers(Clock::now() - start);
  if (measures_.load(std::memory_order_relaxed)) caller_ms_ += milliseconds(Clock::now() - start);
  std::exception_ptr error = std::exchange(error_, nullptr);
  busy_.store(false, std::memory_order_release);
  if (error) std::rethrow_exception(error);
}

void ThreadPool::run_part(int part, int parts) noexcept {
  // n * part fits: no loop of ours has 2^53 items.
  const int64_t begin = n_ * part / parts;
  const int64_t end = n_ * (part + 1) / parts;
  const bool measures = measures_.load(std::memory_order_relaxed);
  const Clock::time_point start = measures ? Clock::now() : Clock::time_point();
  try {
    job_(context_, begin, end, part);
  } catch (...) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
  if (measures) work_.fetch_add((Clock::now() - start).count(), std::memory_order_relaxed);
}

ThreadPool::Times ThreadPool::take_times() {
  return {std::exchange(caller_ms_, 0), milliseconds(Clock::duration(work_.exchange(0)))};
}

// Tickets only grow, so a worker that comes late can't claim a part of a later job by mistake.
bool ThreadPool::claim(int part, uint64_t ticket) {
  std::atomic<uint64_t>& last = claims_[static_cast<size_t>(part)].ticket;
  uint64_t seen = last.load(std::memory_order_relaxed);
  return seen < ticket && last.compare_exchange_strong(seen, ticket);
}

void ThreadPool::worker(int index) {
  if (lease_ && !lease_->processors().empty())
    bind_this_thread(lease_->processors()[static_cast<size_t>(index)]);
  uint64_t seen = 0;
  while (true) {
    seen = wait_for_ticket(seen);
    if (stop_) return;
    const int parts = static_cast<int>(seen & kPartsMask);
    if (index >= parts || !claim(index, seen)) continue;
    run_part(index, parts);
    if (pending_.fetch_sub(1) == 1 && caller_sleeps_.load()) {
      { std::lock_guard<std::mutex> lock(mutex_); }
      done_.notify_one();
    }
  }
}

// Spins until `ready` or the time is over, a shorter one where others want the processor; returns
// the last answer.
template <class Ready>
bool ThreadPool::spin(std::chrono::microseconds limit, Ready ready) {
  if (ready()) return true;
  Clock::time_point now = Clock::now();
  if (now.time_since_epoch().count() < crowded_until_.load(std::memory_order_relaxed))
    limit = std::min<std::chrono::microseconds>(limit, kCrowdedSpin);
  const Clock::time_point end = now + limit;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      relax();
    }
    const Clock::time_point before = std::exchange(now, Clock::now());
    if (now - before > kPreempted) note_crowd_sign(now);
  } while (now < end);
  return ready();
}

// One sign is a chance: what runs now and then is better waited for awake.
void ThreadPool::note_crowd_sign(Clock::time_point now) {
  const Clock::rep time = now.time_since_epoch().count();
  if (time < crowded_until_.load(std::memory_order_relaxed)) return;
  const Clock::rep last = crowd_sign_.exchange(time, std::memory_order_relaxed);
  if (time - last < Clock::duration(kBetweenSigns).count())
    crowded_until_.store(time + Clock::duration(kCrowd).count(), std::memory_order_relaxed);
}

// The next ticket after `seen`, or any when the pool stops.
uint64_t ThreadPool::wait_for_ticket(uint64_t seen) {
  const auto ready = [&] {
    return ticket_.load(std::memory_order_acquire) != seen || stop_.load(std::memory_order_relaxed);
  };
  if (!spin(kWorkerSpin, ready)) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++sleepers_;  // before the ticket is read again: the caller stores it, then looks for sleepers
    wake_.wait(lock, [&] { return ticket_.load() != seen || stop_.load(); });
    --sleepers_;
  }
  return ticket_.load(std::memory_order_acquire);
}

// `own` is how long the caller's part took: one that takes much longer is not running.
void ThreadPool::wait_for_workers(Clock::duration own) {
  if (spin(kCallerSpin, [&] { return pending_.load(std::memory_order_acquire) == 0; })) return;
  const Clock::time_point start = Clock::now();
  {
    std::unique_lock<std::mutex> lock(mutex_);
    caller_sleeps_ = true;  // before pending is read again: workers do it the other way round
    done_.wait(lock, [&] { return pending_.load() == 0; });
    caller_sleeps_ = false;
  }
  const Clock::time_point now = Clock::now();
  if (now - start > own + kCallerSpin) note_crowd_sign(now);
}

}  // namespace thaw
