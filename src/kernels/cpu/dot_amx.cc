// Products over groups of 32 bits on AMX's tiles of 16 rows of 64 bytes: 32 rows by 32 columns at a
// time, four tiles of sums, two of activations and two of weights.
#define THAW_ISA amx
#include <type_traits>

#include "kernels/cpu/dot_finish.h"

namespace thaw::cpu::amx {
namespace {

constexpr int64_t kTileRows = 16;
constexpr int kPanelVectors = 2;
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
void configure(int64_t rows, int64_t groups) {
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

// The intrinsics want their tiles as literals.
struct BFloat16 {
  using Sum = float;
  static void upper_first() { _tile_dpbf16ps(0, 4, 6); }
  static void upper_second() { _tile_dpbf16ps(1, 4, 7); }
  static void lower_first() { _tile_dpbf16ps(2, 5, 6); }
  static void lower_second() { _tile_dpbf16ps(3, 5, 7); }
};
struct UInt8 {
  using Sum = int32_t;
  static void upper_first() { _tile_dpbusd(0, 4, 6); }
  static void upper_second() { _tile_dpbusd(1, 4, 7); }
  static void lower_first() { _tile_dpbusd(2, 5, 6); }
  static void lower_second() { _tile_dpbusd(3, 5, 7); }
};

// How the groups are cut: `steps` equal steps of `length` groups.
struct Steps {
  int64_t steps;
  int64_t length;
  explicit Steps(int64_t groups)
      : steps((groups + kTileRows - 1) / kTileRows), length((groups + steps - 1) / steps) {}
};

int64_t whole_groups(int64_t groups) {
  const Steps s(groups);
  return s.steps * s.length;
}

// To uint8 the sums start from the correction, and two rows of both vectors are packed together.
// Rounding is monotonic: the upper bound is applied after it, to bytes. Saturation is the lower
// bound, and makes 0 of a NaN.
class ByteFinish {
 public:
  ByteFinish(const DotJob& job, int64_t column)
      : job_(job),
        column_(column),
        zero_(_mm512_set1_epi16(static_cast<int16_t>(job.finish.zero))) {
    const Finish& f = job.finish;
    hi_ = _mm512_set1_epi8(static_cast<char>(level(f.clamp.hi) + f.zero));
    const int64_t left = job.columns - column;
    mask_ = left >= kPanelWidth ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
    const int64_t second = left > kDotWidth ? kDotWidth : 0;
    for (int v = 0; v < 2; ++v) {
      scale_[v] = _mm512_loadu_ps(f.scale + column + v * second);
      bias_[v] = _mm512_loadu_ps(f.bias + column + v * second);
    }
  }

  static bool suits(const Finish& f) {
    return f.result == Element::kUInt8 && level(f.clamp.lo) + f.zero <= 0;
  }

  void run(const int32_t (*sums)[kPanelWidth], int64_t row, int64_t rows) const {
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    auto* y = static_cast<uint8_t*>(job_.y) + row * job_.ldy + column_;
    for (int64_t r = 0; r < rows; r += 2, y += 2 * job_.ldy) {
      const __m512i packed = _mm512_packus_epi16(packed_row(sums[r]), packed_row(sums[r + 1]));
      const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_min_epu8(hi_, packed));
      _mm256_mask_storeu_epi8(y, mask_, _mm512_castsi512_si256(bytes));
      if (r + 1 < rows)
        _mm256_mask_storeu_epi8(y + job_.ldy, mask_, _mm512_extracti64x4_epi64(bytes, 1));
    }
  }

 private:
  static int level(float bound) { return _mm_cvt_ss2si(_mm_set_ss(bound)); }

  // 32 levels in 16 bits, four of a vector and four of the other in turn.
  __m512i packed_row(const int32_t* sums) const {
    __m512i levels[2];
    for (int v = 0; v < 2; ++v) {
      const __m512 real = _mm512_cvtepi32_ps(_mm512_load_si512(sums + v * kDotWidth));
      levels[v] = _mm512_cvtps_epi32(_mm512_fmadd_ps(real, scale_[v], bias_[v]));
    }
    return _mm512_adds_epi16(_mm512_packs_epi32(levels[0], levels[1]), zero_);
  }

  const DotJob& job_;
  const int64_t column_;
  const __m512i zero_;
  __m512i hi_;
  __mmask32 mask_;
  __m512 scale_[2];
  __m512 bias_[2];
};

// To bfloat16 both vectors of a row are rounded together.
void finish_bfloat16(const DotJob& job, const float (*sums)[kPanelWidth], int64_t row, int64_t rows,
                     int64_t column) {
  const Finish& f = job.finish;
  const __m512 lo = _mm512_set1_ps(f.clamp.lo);
  const __m512 hi = _mm512_set1_ps(f.clamp.hi);
  __m512 scale[2];
  __m512 bias[2];
  for (int v = 0; v < 2; ++v) {
    scale[v] = _mm512_loadu_ps(f.scale + column + v * kDotWidth);
    bias[v] = _mm512_loadu_ps(f.bias + column + v * kDotWidth);
  }
  auto* y = static_cast<uint16_t*>(job.y) + row * job.ldy + column;
  for (int64_t r = 0; r < rows; ++r, y += job.ldy) {
    __m512 kept[2];
    for (int v = 0; v < 2; ++v) {
      const __m512 real =
          _mm512_fmadd_ps(_mm512_load_ps(sums[r] + v * kDotWidth), scale[v], bias[v]);
      kept[v] = _mm512_min_ps(hi, _mm512_max_ps(lo, real));
    }
    const __m512bh both = _mm512_cvtne2ps_pbh(kept[1], kept[0]);
    __builtin_memcpy(y, &both, sizeof both);
  }
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
// instructions and many cycles, works on the next.
template <class D>
class Tiles {
 public:
  explicit Tiles(const DotJob& job) : job_(job), steps_(job.groups) {}

  void run() {
    const int64_t whole = job_.rows / (2 * kTileRows) * (2 * kTileRows);
    if (whole > 0) configure(2 * kTileRows, steps_.length);
    for (int64_t row = 0; row < whole; row += 2 * kTileRows) run_rows<true>(row, 2 * kTileRows);
    const int64_t rest = job_.rows - whole;
    if (rest > 0) configure(rest, steps_.length);
    if (rest > kTileRows) run_rows<true>(whole, rest);
    if (rest > 0 && rest <= kTileRows) run_rows<false>(whole, rest);
    finish();
    _tile_release();
  }

 private:
  // Activations stay in the first-level cache while weights, which lie in a row, stream past.
  template <bool kLower>
  void run_rows(int64_t row, int64_t rows) {
    for (int64_t panel = job_.first; panel < job_.last; ++panel) {
      const int64_t column = panel * kPanelWidth;
      const bool second = job_.columns - column > kDotWidth;
      const uint32_t* b = job_.b + column * job_.groups;
      second ? multiply<kLower, true>(row, column, b) : multiply<kLower, false>(row, column, b);
      finish();
      second ? store<kLower, true>() : store<kLower, false>();
      stored_.row = row;
      stored_.rows = rows;
      stored_.column = column;
      stored_.vectors = second ? 2 : 1;
    }
  }

  // One or two tiles of rows by one or two vectors of columns.
  template <bool kLower, bool kSecond>
  void multiply(int64_t row, int64_t column, const uint32_t* b) {
    constexpr int64_t kVectors = kSecond ? 2 : 1;
    constexpr int64_t kPitch = kVectors * 64;  // bytes from one group's weights to the next
    const char* upper = job_.x + row * job_.stride;
    const char* lower = upper + kTileRows * job_.stride;
    start<kLower, kSecond>(job_.correction + column);
    for (int64_t s = 0; s < steps_.steps; ++s) {
      _tile_loadd(6, b, kPitch);
      _tile_loadd(4, upper, job_.stride);
      D::upper_first();
      if (kSecond) {
        _tile_loadd(7, b + kDotWidth, kPitch);
        D::upper_second();
      }
      if (kLower) {
        _tile_loadd(5, lower, job_.stride);
        D::lower_first();
        if (kSecond) D::lower_second();
      }
      b += steps_.length * kVectors * kDotWidth;
      upper += 4 * steps_.length;
      lower += 4 * steps_.length;
    }
    asm volatile("" ::: "memory");
  }

  template <bool kLower, bool kSecond>
  void start(const int32_t* correction) {
    if (to_bytes_) {
      _tile_loadd(0, correction, 0);
      if (kSecond) _tile_loadd(1, correction + kDotWidth, 0);
      if (kLower) _tile_loadd(2, correction, 0);
      if (kLower && kSecond) _tile_loadd(3, correction + kDotWidth, 0);
    } else {
      _tile_zero(0);
      if (kSecond) _tile_zero(1);
      if (kLower) _tile_zero(2);
      if (kLower && kSecond) _tile_zero(3);
    }
  }

  template <bool kLower, bool kSecond>
  void store() {
    constexpr int64_t kPitch = kPanelWidth * sizeof(typename D::Sum);
    _tile_stored(0, stored_.sums[0], kPitch);
    if (kSecond) _tile_stored(1, stored_.sums[0] + kDotWidth, kPitch);
    if (kLower) _tile_stored(2, stored_.sums[kTileRows], kPitch);
    if (kLower && kSecond) _tile_stored(3, stored_.sums[kTileRows] + kDotWidth, kPitch);
    asm volatile("" ::: "memory");
  }

  void finish() {
    const auto& s = stored_;
    if (s.rows == 0) return;
    if constexpr (std::is_same_v<D, UInt8>) {
      if (to_bytes_) ByteFinish(job_, s.column).run(s.sums, s.row, s.rows);
    }
    if constexpr (std::is_same_v<D, BFloat16>) {
      if (to_bfloat16(s)) finish_bfloat16(job_, s.sums, s.row, s.rows, s.column);
    }
    if (!to_bytes_ && !to_bfloat16(s))
      finish_tile<typename D::Sum>(job_, {s.sums[0], kPanelWidth, s.rows}, s.row, s.column,
                                   s.vectors);
    stored_.rows = 0;
  }

  bool to_bfloat16(const Stored<typename D::Sum>& s) const {
    return std::is_same_v<D, BFloat16> && job_.finish.result == Element::kBFloat16 &&
           job_.columns - s.column >= kPanelWidth;
  }

  const DotJob& job_;
  const Steps steps_;
  const bool to_bytes_ = std::is_same_v<D, UInt8> && ByteFinish::suits(job_.finish);
  Stored<typename D::Sum> stored_;
};

template <class D>
void run_dot(const DotJob& job) {
  Tiles<D>(job).run();
}

}  // namespace

extern const DotKernels kDotBFloat16;
const DotKernels kDotBFloat16 = {kPanelVectors, 2 * kTileRows, whole_groups, run_dot<BFloat16>};
extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {kPanelVectors, 2 * kTileRows, whole_groups, run_dot<UInt8>};

}  // namespace thaw::cpu::amx
