// The matrix product's inner loops over Vec: included by gemm_<isa>.cc after its vec_<isa>.h, into
// namespace THAW_ISA.
//
// A tile of R rows and V vectors stays in registers while k runs. A panel of weights is cut along
// k so that a slice stays in the first-level cache while all rows pass over it; between slices the
// sums rest in c.
#pragma once

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::THAW_ISA {

// One slice of one tile.
struct Tile {
  const float* const* rows;
  int64_t row_stride;
  int64_t segments;
  int64_t offset;  // of k within each segment
  int64_t length;
  const float* b;
  float* c;
  int64_t ldc;
  int last;  // columns of the last vector
  bool begin;
  bool end;
  const float* bias;
  float lo;
  float hi;
};

template <int V>
inline Vec load_column(const float* p, int v, int last) {
  return v + 1 < V || last == Vec::kWidth ? Vec::load(p) : Vec::load_n(p, last);
}

template <int R, int V>
inline void multiply(const Tile& t, Vec (&acc)[R][V]) {
  constexpr int kStep = V * Vec::kWidth;
  const float* b = t.b;
  for (int64_t s = 0; s < t.segments; ++s) {
    const float* a[R];
    THAW_UNROLL
    for (int r = 0; r < R; ++r) a[r] = t.rows[s * t.row_stride + r] + t.offset;
    for (int64_t k = 0; k < t.length; ++k) {
      Vec bv[V];
      THAW_UNROLL
      for (int v = 0; v < V; ++v) bv[v] = Vec::load(b + v * Vec::kWidth);
      THAW_UNROLL
      for (int r = 0; r < R; ++r) {
        const Vec av = Vec::set(a[r][k]);
        THAW_UNROLL
        for (int v = 0; v < V; ++v) acc[r][v] = fma(av, bv[v], acc[r][v]);
      }
      b += kStep;
    }
  }
}

template <int R, int V>
void tile(const Tile& t) {
  Vec acc[R][V];
  THAW_UNROLL
  for (int r = 0; r < R; ++r) {
    THAW_UNROLL
    for (int v = 0; v < V; ++v) {
      acc[r][v] =
          t.begin ? Vec::zero() : load_column<V>(t.c + r * t.ldc + v * Vec::kWidth, v, t.last);
    }
  }
  multiply<R, V>(t, acc);
  if (t.end) {
    const Vec lo = Vec::set(t.lo);
    const Vec hi = Vec::set(t.hi);
    THAW_UNROLL
    for (int v = 0; v < V; ++v) {
      const Vec bias = Vec::load(t.bias + v * Vec::kWidth);
      THAW_UNROLL
      for (int r = 0; r < R; ++r) acc[r][v] = min(hi, max(lo, acc[r][v] + bias));
    }
  }
  const bool whole = t.last == Vec::kWidth;
  THAW_UNROLL
  for (int r = 0; r < R; ++r) {
    float* c = t.c + r * t.ldc;
    THAW_UNROLL
    for (int v = 0; v < V; ++v) {
      if (v + 1 < V || whole) {
        acc[r][v].store(c + v * Vec::kWidth);
      } else {
        acc[r][v].store_n(c + v * Vec::kWidth, t.last);
      }
    }
  }
}

using TileFunction = void (*)(const Tile&);

// Tiles of V vectors, by rows: kRowsOf[V] of them.
template <int V, int... R>
inline void run_tile(const Tile& t, int64_t rows, std::integer_sequence<int, R...>) {
  static constexpr TileFunction kTiles[] = {tile<R + 1, V>...};
  kTiles[rows - 1](t);
}

// All rows over one slice of the panel. The last two tiles share what is left evenly.
template <int V, int MaxRows>
void slice(Tile t, int64_t row_count) {
  const float* const* rows = t.rows;
  float* c = t.c;
  for (int64_t i = 0; i < row_count;) {
    const int64_t left = row_count - i;
    const int64_t n = left >= 2 * MaxRows || left <= MaxRows ? (left < MaxRows ? left : MaxRows)
                      : left == MaxRows                      ? left
                                                             : (left + 1) / 2;
    t.rows = rows + i;
    t.c = c + i * t.ldc;
    run_tile<V>(t, n, std::make_integer_sequence<int, MaxRows>());
    i += n;
  }
}

template <int V, int MaxRows>
void panel_of(const PanelJob& job) {
  constexpr int64_t kSliceBytes = 36 << 10;
  constexpr int64_t kSlice = kSliceBytes / static_cast<int64_t>(V * Vec::kWidth * sizeof(float));
  Tile t;
  t.rows = job.rows;
  t.row_stride = job.row_stride;
  t.c = job.c;
  t.ldc = job.ldc;
  t.last = static_cast<int>(job.columns - (V - 1) * Vec::kWidth);
  t.bias = job.bias;
  t.lo = job.clamp.lo;
  t.hi = job.clamp.hi;
  const int64_t pieces = (job.length + kSlice - 1) / kSlice;
  const int64_t piece = pieces > 0 ? (job.length + pieces - 1) / pieces : 0;
  const int64_t group = pieces == 1 && kSlice / job.length > 1 ? kSlice / job.length : 1;
  for (int64_t s = 0; s < job.segments; s += group) {
    t.segments = job.segments - s < group ? job.segments - s : group;
    t.rows = job.rows + s * job.row_stride;
    for (int64_t p = 0; p < pieces; ++p) {
      t.offset = p * piece;
      t.length = job.length - t.offset < piece ? job.length - t.offset : piece;
      t.b = job.b + (s * job.length + t.offset) * V * Vec::kWidth;
      t.begin = s == 0 && p == 0;
      t.end = s + t.segments == job.segments && p + 1 == pieces;
      slice<V, MaxRows>(t, job.row_count);
    }
  }
}

template <int R1, int R2, int R3, int R4>
void panel(const PanelJob& job) {
  switch (job.vectors) {
    case 1:
      return panel_of<1, R1>(job);
    case 2:
      return panel_of<2, R2>(job);
    case 3:
      return panel_of<3, R3>(job);
    default:
      return panel_of<4, R4>(job);
  }
}

// Tiles of R<v> rows for panels of v vectors.
template <int Preferred, int R1, int R2, int R3, int R4>
constexpr GemmKernels make_gemm_kernels() {
  return {Vec::kWidth, Preferred, {0, R1, R2, R3, R4}, panel<R1, R2, R3, R4>};
}

}  // namespace thaw::cpu::THAW_ISA
