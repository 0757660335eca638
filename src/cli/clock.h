// The clock that the commands time by; base/clock.h is the library's own.
#pragma once

#include <chrono>

namespace thaw::cli {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}
inline double milliseconds_since(Clock::time_point start) { return 1e3 * seconds_since(start); }

}  // namespace thaw::cli
