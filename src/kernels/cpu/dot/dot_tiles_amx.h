// AMX's tiles of 16 rows of 64 bytes: 32 rows by 32 columns of a product at a time, in four tiles
// of sums, two of activations and two of weights. Included by the dot_*_amx.cc.
#pragma once

#include <type_traits>

#include "kernels/cpu/dot/epilogue.h"

namespace thaw::cpu::amx {

constexpr int64_t kTileRows = 16;
constexpr int kPanelVectors = 2;
constexpr int64_t kBlockRows = 128;
constexpr int64_t kPanelWidth = kPanelVectors * kDotWidth;

// LDTILECFG's operand.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

// Tiles 0 to 3 hold sums (first rows by first and second columns, second rows likewise), 4 and 5
// activations, 6 and 7 weights. `rows` counts those of both; `groups` is a step's.
inline void configure(int64_t rows, int64_t groups) {
  TileConfig c;
  const auto upper = static_cast<uint8_t>(rows < kTileRows ? rows : kTileRows);
  const auto lower = static_cast<uint8_t>(rows - upper > 0 ? rows - upper : 1);
  const auto step = static_cast<uint8_t>(groups);
  for (int t = 0; t < 4; ++t) {
    c.rows[t] = t < 2 ? upper : lower;
    c.row_bytes[t] = 64;
  }
  for (int t = 4; t < 6; ++t) {
    c.rows[t] = t == 4 ? upper : lower;
    c.row_bytes[t] = static_cast<uint16_t>(4 * step);
  }
  for (int t = 6; t < 8; ++t) {
    c.rows[t] = step;
    c.row_bytes[t] = 64;
  }
  // The compiler doesn't know that the instruction reads all of it.
  asm volatile("" ::"r"(&c) : "memory");
  _tile_loadconfig(&c);
}

// How the groups are cut: `steps` equal steps of `length` groups.
struct Steps {
  int64_t steps;
  int64_t length;
  explicit Steps(int64_t groups)
      : steps((groups + kTileRows - 1) / kTileRows), length((groups + steps - 1) / steps) {}
};

inline int64_t whole_groups(int64_t groups) {
  const Steps s(groups);
  return s.steps * s.length;
}

// The intrinsics want their tiles as literals.
struct BFloat16 {
  using Sum = float;
  static void upper_first() { _tile_dpbf16ps(0, 4, 6); }
  static void upper_second() { _tile_dpbf16ps(1, 4, 7); }
  static void lower_first() { _tile_dpbf16ps(2, 5, 6); }
  static void lower_second() { _tile_dpbf16ps(3, 5, 7); }
};

// The products of the tiles that are loaded.
template <class D, bool kLower, bool kSecond>
inline void multiply_tiles() {
  D::upper_first();
  if (kSecond) D::upper_second();
  if (kLower) D::lower_first();
  if (kLower && kSecond) D::lower_second();
}

// Sums that were stored and not yet made results of.
template <class Sum>
struct Stored {
  alignas(64) Sum sums[2 * kTileRows][kPanelWidth];
  int64_t row = 0;
  int64_t rows = 0;  // none: nothing is stored
  int64_t column = 0;
  int vectors = 0;
};

// Runs a job tile by tile. The results of a tile are made while the tile unit, which takes few
// instructions and many cycles, works on the next. A way W(job) has
// - Sum, the type of sums, and step_groups(), those of a step in the tiles;
// - begin(row, rows), before the panels of a block of rows;
// - weights(column), those of the panel that begins there;
// - first_sums(column), a vector to start all rows from, or null for zeros;
// - multiply<kLower, kSecond>(row, b), all products of one or two tiles of rows, from `row` of the
//   block on, by one or two vectors of columns;
// - epilogue(stored), which makes the results.
template <class W>
class Tiles {
 public:
  explicit Tiles(const DotJob& job) : job_(job), way_(job) {}

  void run() {
    const int64_t whole = job_.rows / (2 * kTileRows) * (2 * kTileRows);
    if (whole > 0) configure(2 * kTileRows, way_.step_groups());
    for (int64_t row = 0; row < whole; row += kBlockRows)
      run_block(row, whole - row < kBlockRows ? whole - row : kBlockRows);
    const int64_t rest = job_.rows - whole;
    if (rest > 0) configure(rest, way_.step_groups());
    if (rest > 0) run_block(whole, rest);
    epilogue();
    _tile_release();
  }

 private:
  // A panel's weights are read once for the rows of the block, which lie in the second-level cache.
  void run_block(int64_t first, int64_t rows) {
    way_.begin(first, rows);
    for (int64_t panel = job_.first; panel < job_.last; ++panel) {
      const int64_t column = panel * kPanelWidth;
      const bool second = job_.columns - column > kDotWidth;
      for (int64_t row = 0; row < rows; row += 2 * kTileRows) {
        const int64_t n = rows - row < 2 * kTileRows ? rows - row : 2 * kTileRows;
        if (n > kTileRows) {
          second ? run_tiles<true, true>(row, column) : run_tiles<true, false>(row, column);
        } else {
          second ? run_tiles<false, true>(row, column) : run_tiles<false, false>(row, column);
        }
        stored_.row = first + row;
        stored_.rows = n;
        stored_.column = column;
        stored_.vectors = second ? 2 : 1;
      }
    }
  }

  template <bool kLower, bool kSecond>
  void run_tiles(int64_t row, int64_t column) {
    start<kLower, kSecond>(way_.first_sums(column));
    way_.template multiply<kLower, kSecond>(row, way_.weights(column));
    asm volatile("" ::: "memory");
    epilogue();
    store<kLower, kSecond>();
  }

  template <bool kLower, bool kSecond>
  void start(const void* sums) {
    if (sums != nullptr) {
      const char* second = static_cast<const char*>(sums) + 64;
      _tile_loadd(0, sums, 0);
      if (kSecond) _tile_loadd(1, second, 0);
      if (kLower) _tile_loadd(2, sums, 0);
      if (kLower && kSecond) _tile_loadd(3, second, 0);
    } else {
      _tile_zero(0);
      if (kSecond) _tile_zero(1);
      if (kLower) _tile_zero(2);
      if (kLower && kSecond) _tile_zero(3);
    }
  }

  template <bool kLower, bool kSecond>
  void store() {
    constexpr int64_t kPitch = kPanelWidth * sizeof(typename W::Sum);
    _tile_stored(0, stored_.sums[0], kPitch);
    if (kSecond) _tile_stored(1, stored_.sums[0] + kDotWidth, kPitch);
    if (kLower) _tile_stored(2, stored_.sums[kTileRows], kPitch);
    if (kLower && kSecond) _tile_stored(3, stored_.sums[kTileRows] + kDotWidth, kPitch);
    asm volatile("" ::: "memory");
  }

  void epilogue() {
    if (stored_.rows > 0) way_.epilogue(stored_);
    stored_.rows = 0;
  }

  const DotJob& job_;
  W way_;
  Stored<typename W::Sum> stored_;
};

// Bounds in float16, in which those of all activations are exact.
struct HalfClamp {
  __m512h lo;
  __m512h hi;
  explicit HalfClamp(Clamp clamp)
      : lo(_mm512_set1_ph(static_cast<_Float16>(clamp.lo))),
        hi(_mm512_set1_ph(static_cast<_Float16>(clamp.hi))) {}
  __m512h keep(__m512h v) const { return _mm512_min_ph(hi, _mm512_max_ph(lo, v)); }
};

struct FloatClamp {
  __m512 lo;
  __m512 hi;
  explicit FloatClamp(Clamp clamp) : lo(_mm512_set1_ps(clamp.lo)), hi(_mm512_set1_ps(clamp.hi)) {}
  __m512 keep(__m512 v) const { return _mm512_min_ps(hi, _mm512_max_ps(lo, v)); }
};

// 16-bit results of two vectors of columns.
template <Element E>
struct PairEpilogue;

template <>
struct PairEpilogue<Element::kBFloat16> {
  FloatClamp clamp;
  __m512i operator()(__m512 first, __m512 second) const {
    return (__m512i)_mm512_cvtne2ps_pbh(clamp.keep(second), clamp.keep(first));
  }
};

template <>
struct PairEpilogue<Element::kFloat16> {
  HalfClamp clamp;
  __m512i operator()(__m512 first, __m512 second) const {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    const __m512i both =
        _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtps_ph(first, kNearest)),
                           _mm512_cvtps_ph(second, kNearest), 1);
    return _mm512_castph_si512(clamp.keep(_mm512_castsi512_ph(both)));
  }
};

// The results of sums in two vectors of columns, the second of which may be part of one.
template <Element E>
inline void epilogue_pairs(const DotJob& job, const TileSums<float>& tile, int64_t row,
                           int64_t column) {
  const Epilogue& f = job.epilogue;
  const PairEpilogue<E> epilogue{decltype(PairEpilogue<E>::clamp)(f.clamp)};
  __m512 scale[2];
  __m512 bias[2];
  for (int v = 0; v < 2; ++v) {
    scale[v] = _mm512_loadu_ps(f.scale + column + v * kDotWidth);
    bias[v] = _mm512_loadu_ps(f.bias + column + v * kDotWidth);
  }
  const int64_t left = job.columns - column;
  const __mmask32 mask = left >= kPanelWidth ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
  auto* y = static_cast<uint16_t*>(job.y) + row * job.ldy + column;
  const float* sums = tile.sums;
  for (int64_t r = 0; r < tile.rows; ++r, y += job.ldy, sums += tile.ld) {
    const __m512i results =
        epilogue(_mm512_fmadd_ps(_mm512_loadu_ps(sums), scale[0], bias[0]),
                 _mm512_fmadd_ps(_mm512_loadu_ps(sums + kDotWidth), scale[1], bias[1]));
    if (left >= kPanelWidth) {
      _mm512_storeu_si512(y, results);
    } else {
      _mm512_mask_storeu_epi16(y, mask, results);
    }
  }
}

// As epilogue_tile, of a panel's one or two vectors.
template <class Sum>
inline void epilogue_panel(const DotJob& job, const TileSums<Sum>& tile, int64_t row,
                           int64_t column, int vectors) {
  if constexpr (std::is_same_v<Sum, float>) {
    const Element result = job.epilogue.result;
    if (vectors == 2 && result == Element::kFloat16)
      return epilogue_pairs<Element::kFloat16>(job, tile, row, column);
    if (vectors == 2 && result == Element::kBFloat16)
      return epilogue_pairs<Element::kBFloat16>(job, tile, row, column);
  }
  epilogue_tile<Sum>(job, tile, row, column, vectors);
}

template <class Sum>
inline void epilogue_stored(const DotJob& job, const Stored<Sum>& s) {
  epilogue_panel<Sum>(job, {s.sums[0], kPanelWidth, s.rows}, s.row, s.column, s.vectors);
}

}  // namespace thaw::cpu::amx
