#include "engine/race.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>

#include "base/clock.h"
#include "base/noise.h"
#include "engine/prepared_kernels.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The best of a row's first runs decides whether it is raced at all: one that was interrupted says
// nothing.
constexpr int kFirstRuns = 3;
constexpr double kSurelyHopeless = 8;                   // times the best, in two runs
constexpr double kHopeless = 2.5;                       // times the best
constexpr double kBehind = 1.25;                        // times the best, after the fewest rounds
constexpr int kFewestRounds = 2;                        // of a layer that takes
constexpr double kPatience = 10;                        // times its budget
constexpr size_t kMostPackedBytes = size_t{512} << 20;  // weights of all rows of a layer together
constexpr int kTries = 3;                               // of a race that something disturbs
// Of a kernel's times, the upper quartile over the lower one: what does not touch this thread, such
// as other guests of the machine's host, shows there.
constexpr double kUnsteady = 1.5;

// In a network the threads are awake when a layer begins, for it follows another.
void wake(ThreadPool& pool) {
  constexpr auto kLongest = std::chrono::microseconds(200);
  pool.limit(0);
  const int all = std::min(pool.threads(), pool.share());
  std::atomic<int> there{0};
  const Clock::time_point end = Clock::now() + kLongest;
  pool.parallel_for(pool.threads(), [&](int64_t, int64_t, int) {
    ++there;
    while (there < all && Clock::now() < end) {
    }
  });
}

// A row on so many threads.
struct Runner {
  const KernelRow* row = nullptr;
  std::unique_ptr<OpKernel> kernel;  // its own, for it may be prepared for a number of threads
  int threads = 1;
  std::vector<double> ms;
  std::shared_ptr<void> scratch;
  size_t scratch_bytes = 0;

  // Neither the luckiest run nor those that something disturbed.
  double time() const { return quartile(1); }
  double quartile(size_t number) const {
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() * number / 4];
  }
};

class Race {
 public:
  Race(const RaceTrack& track, const OpDesc& desc)
      : pool_(track.pool),
        max_workspace_(track.max_workspace_size),
        most_threads_(track.on_host() ? track.pool.size() : 1),
        queue_(track.on_host() ? make_host_queue() : track.device.create_queue()),
        start_(queue_->create_event()),
        end_(queue_->create_event()),
        memory_(track.on_host() ? host_allocator() : track.device),
        context_(&track.pool, &workspace_) {
    if (!track.on_host()) resident_ = std::make_unique<ResidentConstants>(track.device);
    const auto place = [&](const Tensor& t) {
      return track.on_host() ? t : on_device(track.device, *queue_, t);
    };
    for (const TensorDesc& in : desc.inputs)
      inputs_.push_back(place(in.constant ? *in.constant : made_up(in.dtype, in.shape)));
    for (const TensorDesc& out : desc.outputs)
      outputs_.push_back(place(Tensor::zeros(out.dtype, out.shape)));
    context_.bind(inputs_, outputs_);
  }
  ~Race() { pool_.limit(0); }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  void enter(const KernelRow& row, const OpDesc& desc) {
    try {
      for (int threads = most_threads_; threads >= 1; threads /= 2) {
        if (packed_bytes_ > kMostPackedBytes) return leave_out(row);
        Runner runner = make_runner(row, desc, threads);
        if (max_workspace_ > 0 && runner.scratch_bytes > max_workspace_) return leave_out(row);
        allocate_scratch(runner);
        packed_bytes_ += runner.kernel->bytes();
        run_once(runner);  // first touches
        for (int i = 0; i < kFirstRuns && !is_surely_hopeless(runner); ++i)
          runner.ms.push_back(run_once(runner));
        if (is_surely_hopeless(runner)) {
          dropped_.push_back({row.name, threads, runner.time()});
          break;
        }
        runners_.push_back(std::move(runner));
      }
    } catch (const ResourceError&) {
      throw;
    } catch (const Error&) {
      leave_out(row);
    }
  }

  void run(const TuneOptions& options) {
    drop_slower_than(kHopeless);
    for (Runner& runner : runners_) runner.ms.clear();
    const Clock::time_point start = Clock::now();
    for (int round = 0; round < options.max_rounds; ++round) {
      if (round == options.min_rounds) drop_slower_than(kBehind);
      const double spent = milliseconds_since(start);
      if (round >= options.min_rounds && spent > options.layer_ms) break;
      if (round >= kFewestRounds && spent > kPatience * options.layer_ms) break;
      for (size_t i = 0; i < runners_.size(); ++i) {
        Runner& runner = runners_[(i + static_cast<size_t>(round)) % runners_.size()];
        runner.ms.push_back(run_once(runner));
      }
    }
  }

  // The row that an engine takes that is not tuned speaks for all.
  bool is_steady() const {
    return runners_.empty() || runners_[0].quartile(3) < kUnsteady * runners_[0].quartile(1);
  }

  // Those that are left come before those that were dropped.
  std::vector<KernelTiming> result() const {
    std::vector<KernelTiming> all;
    for (const Runner& runner : runners_)
      all.push_back({runner.row->name, runner.threads, runner.time()});
    rank(all);
    all.insert(all.end(), dropped_.begin(), dropped_.end());
    return all;
  }

 private:
  Runner make_runner(const KernelRow& row, OpDesc desc, int threads) {
    static const std::vector<Tensor> kNothing;
    KernelPieces pieces(kNothing, true, resident_.get());
    desc.services = &pieces;
    Runner runner{&row, row.create(desc), threads, {}, {}, 0};
    runner.scratch_bytes = runner.kernel->scratch_bytes(threads);
    return runner;
  }

  void allocate_scratch(Runner& runner) {
    if (runner.scratch_bytes > 0) runner.scratch = memory_.allocate(runner.scratch_bytes);
  }

  void leave_out(const KernelRow& row) { dropped_.push_back({row.name, 0, 0}); }

  double run_once(const Runner& runner) {
    static const std::string kNode = "raced";
    wake(pool_);
    pool_.limit(runner.threads);
    context_.set_scratch(runner.scratch.get(), runner.scratch_bytes);
    queue_->record(*start_);
    queue_->launch({runner.kernel.get(), &context_, &kNode});
    queue_->record(*end_);
    end_->wait();
    return end_->ms_since(*start_);
  }

  bool is_surely_hopeless(const Runner& runner) const {
    return runner.ms.size() >= 2 && runner.time() > kSurelyHopeless * best_time();
  }

  double best_time() const {
    double best = std::numeric_limits<double>::infinity();
    for (const Runner& runner : runners_) best = std::min(best, runner.time());
    return best;
  }

  // But never what an engine takes that is not tuned: the others are held against it.
  void drop_slower_than(double times_the_best) {
    const double best = best_time();
    std::vector<Runner> kept;
    for (size_t i = 0; i < runners_.size(); ++i) {
      Runner& runner = runners_[i];
      if (i == 0 || runner.time() <= times_the_best * best) {
        kept.push_back(std::move(runner));
        continue;
      }
      dropped_.push_back({runner.row->name, runner.threads, runner.time()});
    }
    runners_ = std::move(kept);
  }

  ThreadPool& pool_;
  const size_t max_workspace_;
  const int most_threads_;
  const std::unique_ptr<Queue> queue_;
  const std::unique_ptr<Event> start_;
  const std::unique_ptr<Event> end_;
  Allocator& memory_;
  std::unique_ptr<ResidentConstants> resident_;  // null on the host
  Workspace workspace_;
  RunContext context_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
  size_t packed_bytes_ = 0;
  std::vector<Runner> runners_;
  std::vector<KernelTiming> dropped_;
};

}  // namespace

double ProcessorShare::thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void rank(std::vector<KernelTiming>& timings) {
  if (timings.empty()) return;
  const KernelTiming first = timings[0];
  std::stable_sort(timings.begin(), timings.end(),
                   [](const KernelTiming& a, const KernelTiming& b) { return a.ms < b.ms; });
  if (timings[0].ms <= kClearlyFaster * first.ms) return;
  const auto at = std::find_if(timings.begin(), timings.end(), [&](const KernelTiming& t) {
    return t.kernel == first.kernel && t.threads == first.threads;
  });
  std::rotate(timings.begin(), at, at + 1);
}

RaceResult race(const std::vector<const KernelRow*>& rows, const OpDesc& desc,
                const RaceTrack& track, const TuneOptions& options) {
  RaceResult result;
  for (int i = 0; i < kTries; ++i) {
    const ProcessorShare share;
    Race race(track, desc);
    for (const KernelRow* row : rows) race.enter(*row, desc);
    race.run(options);
    result.timings = race.result();
    const bool interrupted = track.on_host() && share.value() < options.least_share;
    result.disturbed = options.least_share > 0 && (interrupted || !race.is_steady());
    if (!result.disturbed) break;
  }
  return result;
}

}  // namespace thaw
