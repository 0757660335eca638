// Products over groups of 32 bits with AVX-512's dot-product instructions: included by
// dot_avx512vnni.cc and dot_avx512bf16.cc into namespace THAW_ISA, after `struct Dot` with
//   Sum                              float or int32_t
//   Acc, Acc zero()                  a vector of 16 sums
//   Acc add(Acc, __m512i a, __m512i b)   plus the products of 16 groups
#pragma once

#include <utility>

#include "kernels/cpu/dot/epilogue.h"

namespace thaw::cpu::THAW_ISA {

constexpr int kPanelVectors = 3;

// Rows of a tile of V vectors: as many sums as the registers hold beside the weights.
constexpr int tile_rows(int vectors) { return vectors == 3 ? 8 : 12; }

// R rows and V vectors stay in registers while the groups run.
template <int R, int V>
void tile(const DotJob& job, int64_t row, int64_t column, const uint32_t* b) {
  typename Dot::Acc acc[R][V];
  const char* x[R];
  THAW_UNROLL
  for (int r = 0; r < R; ++r) {
    x[r] = job.x + (row + r) * job.stride;
    THAW_UNROLL
    for (int v = 0; v < V; ++v) acc[r][v] = Dot::zero();
  }
  for (int64_t g = 0; g < job.groups; ++g, b += V * kDotWidth) {
    __m512i bv[V];
    THAW_UNROLL
    for (int v = 0; v < V; ++v) bv[v] = _mm512_loadu_si512(b + v * kDotWidth);
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      int group;
      __builtin_memcpy(&group, x[r] + 4 * g, sizeof group);
      const __m512i a = _mm512_set1_epi32(group);
      THAW_UNROLL
      for (int v = 0; v < V; ++v) acc[r][v] = Dot::add(acc[r][v], a, bv[v]);
    }
  }
  alignas(64) typename Dot::Sum sums[R][V * kDotWidth];
  __builtin_memcpy(sums, acc, sizeof sums);
  epilogue_tile<typename Dot::Sum>(job, {sums[0], V * kDotWidth, R}, row, column, V);
}

using TileFunction = void (*)(const DotJob& job, int64_t row, int64_t column, const uint32_t* b);

template <int V, int... R>
inline void run_tile(const DotJob& job, int64_t rows, int64_t row, int64_t column,
                     const uint32_t* b, std::integer_sequence<int, R...>) {
  static constexpr TileFunction kTiles[] = {tile<R + 1, V>...};
  kTiles[rows - 1](job, row, column, b);
}

// All rows against one panel. The last two tiles share what is left evenly.
template <int V>
void run_panel(const DotJob& job, int64_t column, const uint32_t* b) {
  constexpr int64_t kRows = tile_rows(V);
  for (int64_t i = 0; i < job.rows;) {
    const int64_t left = job.rows - i;
    const int64_t n = left >= 2 * kRows ? kRows : left <= kRows ? left : (left + 1) / 2;
    run_tile<V>(job, n, i, column, b, std::make_integer_sequence<int, tile_rows(V)>());
    i += n;
  }
}

inline void run_dot(const DotJob& job) {
  constexpr int64_t kPanelWidth = kPanelVectors * kDotWidth;
  for (int64_t p = job.first; p < job.last; ++p) {
    const int64_t column = p * kPanelWidth;
    const uint32_t* b = job.b + column * job.groups;
    const int64_t vectors = (job.columns - column + kDotWidth - 1) / kDotWidth;
    if (vectors == 1) {
      run_panel<1>(job, column, b);
    } else if (vectors == 2) {
      run_panel<2>(job, column, b);
    } else {
      run_panel<3>(job, column, b);
    }
  }
}

inline int64_t any_groups(int64_t groups) { return groups; }

}  // namespace thaw::cpu::THAW_ISA
