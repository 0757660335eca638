// The way through a product's panels and rows with NEON: included by the dot_*.cc of its levels
// into namespace THAW_ISA. Panels are 16 columns wide, and a tile, a struct T, has
//   kRows                            the most rows that it takes
//   T::run<R>(job, row, column, b)   R rows against the panel at b
#pragma once

#include <utility>

#include "base/round_up.h"
#include "kernels/cpu/dot/epilogue_neon.h"

namespace thaw::cpu::THAW_ISA {

using TileFunction = void (*)(const DotJob& job, int64_t row, int64_t column, const uint32_t* b);

template <class T, int... R>
inline void run_tile(const DotJob& job, int64_t rows, int64_t row, int64_t column,
                     const uint32_t* b, std::integer_sequence<int, R...>) {
  static constexpr TileFunction kTiles[] = {T::template run<R + 1>...};
  kTiles[rows - 1](job, row, column, b);
}

// The last two tiles of a panel share what is left evenly.
template <class T>
void run_dot(const DotJob& job) {
  for (int64_t p = job.first; p < job.last; ++p) {
    const int64_t column = p * kDotWidth;
    for (int64_t i = 0; i < job.rows;) {
      const int64_t left = job.rows - i;
      const int64_t n = left >= 2 * T::kRows ? T::kRows : left <= T::kRows ? left : (left + 1) / 2;
      run_tile<T>(job, n, i, column, job.b + column * job.groups,
                  std::make_integer_sequence<int, T::kRows>());
      i += n;
    }
  }
}

// Rows of whole vectors of 16 bytes.
inline int64_t vector_groups(int64_t groups) { return round_up(groups, 4); }

// Where a tile's rows start.
template <int R>
inline void row_starts(const DotJob& job, int64_t row, const char* (&x)[R]) {
  THAW_UNROLL
  for (int r = 0; r < R; ++r) x[r] = job.x + (row + r) * job.stride;
}

}  // namespace thaw::cpu::THAW_ISA
