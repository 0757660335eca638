#include "base/stop.h"

#include <algorithm>

namespace thaw {
namespace {

thread_local const StopScope* in_force = nullptr;

}  // namespace

void StopSignal::stop_after(double seconds) {
  const auto span = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(std::min(seconds, 1e9)));
  deadline_.store(seconds > 0 ? (Clock::now() + span).time_since_epoch().count() : 0,
                  std::memory_order_relaxed);
}

bool StopSignal::is_set() const {
  if (stopped_.load(std::memory_order_relaxed)) return true;
  const Clock::rep deadline = deadline_.load(std::memory_order_relaxed);
  return deadline != 0 && Clock::now().time_since_epoch().count() >= deadline;
}

StopScope::StopScope(const StopSignal* signal) : signal_(signal), outer_(in_force) {
  in_force = this;
}

StopScope::~StopScope() { in_force = outer_; }

void check_stop() {
  for (const StopScope* scope = in_force; scope && scope->signal_; scope = scope->outer_)
    if (scope->signal_->is_set()) throw Stopped("stopped: the time for it is over");
}

}  // namespace thaw
