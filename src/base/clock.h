// The clock that times are taken by, and its times as numbers.
#pragma once

#include <chrono>

namespace thaw {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }
inline double milliseconds(Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}
inline double seconds_since(Clock::time_point start) { return seconds(Clock::now() - start); }
inline double milliseconds_since(Clock::time_point start) {
  return milliseconds(Clock::now() - start);
}

}  // namespace thaw
