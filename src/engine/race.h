// Times kernels against each other on one layer.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "engine/tune.h"
#include "kernels/kernel.h"
#include "runtime/plan.h"

namespace thaw {

// An improvement below this is none: measurements spread as much.
constexpr double kClearlyFaster = 0.98;

// What part of the time since its making the calling thread had a processor. A thread that times
// others and spins while it waits has one all the time, unless other processes take it away.
class ProcessorShare {
 public:
  ProcessorShare() : start_(Clock::now()), busy_(thread_seconds()) {}
  double value() const {
    const double all = seconds_since(start_);
    return all > 0 ? (thread_seconds() - busy_) / all : 1;
  }

 private:
  static double thread_seconds();
  Clock::time_point start_;
  double busy_;
};

// Where kernels are timed: in host memory, or on a device by its own queue and clock.
struct RaceTrack {
  Device& device;
  Space space;
  ThreadPool& pool;
  size_t max_workspace_size = 0;  // rows that ask for more scratch are left out; 0: none
  bool on_host() const { return space == Space::kHost; }
};

struct RaceResult {
  std::vector<KernelTiming> timings;
  bool disturbed = false;  // by other work on the machine, however often it was run
};

// The rows' times on 1 .. pool.threads() threads (on a device 1), the one to take first: the
// fastest, or the first row on all threads where nothing is clearly faster. Shapes of `desc` are
// static; inputs that are not constant are made up. Rows that fail on them, or whose weights would
// fill the memory beside the others', come last and with 0 threads. Throws ResourceError when
// memory is short, for that is nothing to remember.
RaceResult race(const std::vector<const KernelRow*>& rows, const OpDesc& desc,
                const RaceTrack& track, const TuneOptions& options);

// Sorts, the fastest first; but the first stays where it is unless another is clearly faster.
void rank(std::vector<KernelTiming>& timings);

}  // namespace thaw
