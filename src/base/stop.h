// Ends work from outside: at a deadline, or when somebody asks for it. Work that may take long asks
// now and then whether it shall go on.
#pragma once

#include <atomic>
#include <chrono>

#include "thaw/error.h"

namespace thaw {

// What check_stop throws.
class Stopped : public ResourceError {
 public:
  using ResourceError::ResourceError;
};

// Set and asked from any threads.
class StopSignal {
 public:
  using Clock = std::chrono::steady_clock;

  void stop() { stopped_.store(true, std::memory_order_relaxed); }
  // Stops by itself so many seconds from now; 0: never.
  void stop_after(double seconds);
  bool is_set() const;

 private:
  std::atomic<bool> stopped_{false};
  std::atomic<Clock::rep> deadline_{0};  // of Clock; 0: none
};

// Until its end, the signal is the one that check_stop asks on this thread; null: none.
class StopScope {
 public:
  explicit StopScope(const StopSignal* signal);
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;
  ~StopScope();

 private:
  const StopSignal* outer_;
};

// Throws Stopped when the signal in force on this thread is set. A read of a variable when none is.
void check_stop();

}  // namespace thaw
