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
  void clear() { stopped_.store(false, std::memory_order_relaxed); }
  // Stops by itself so many seconds from now; 0: never.
  void stop_after(double seconds);
  bool is_set() const;

 private:
  std::atomic<bool> stopped_{false};
  std::atomic<Clock::rep> deadline_{0};  // of Clock; 0: none
};

// Until its end, check_stop asks the signal on this thread, beside those of the scopes around it;
// null: it asks none of them.
class StopScope {
 public:
  explicit StopScope(const StopSignal* signal);
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;
  ~StopScope();

 private:
  friend void check_stop();
  const StopSignal* signal_;
  const StopScope* outer_;
};

// Throws Stopped when a signal in force on this thread is set. A read of a variable when none is.
void check_stop();

}  // namespace thaw
