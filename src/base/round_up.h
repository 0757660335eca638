#pragma once

#include <cstddef>
#include <type_traits>

namespace thaw {

// The first multiple of `step` that is not below `value`. Neither is negative, and step is above 0.
template <class T>
constexpr T round_up(T value, std::common_type_t<T> step) {
  return (value + step - 1) / step * step;
}

// Bytes up to the end of a cache line, where what comes behind them may begin.
constexpr size_t whole_lines(size_t bytes) { return round_up(bytes, 64); }

}  // namespace thaw
