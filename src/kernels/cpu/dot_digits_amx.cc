// Products of float32 on AMX's tiles for int8, in digits (digit_panels.h): six tile products for
// one, which is four times as many as AVX-512 makes.
#include <cmath>

#define THAW_ISA amx
#include "kernels/cpu/digit_panels.h"
#include "kernels/cpu/dot_tiles_amx.h"

namespace thaw::cpu::amx {
namespace {

constexpr int64_t kTileBytes = kTileRows * 64;

// Whether a number of these bits, without the sign, is none or infinite.
bool is_special(uint32_t bits) { return bits >= 0x7F800000; }

// Largest of the k absolute values, as bits: a NaN's are above infinity's.
uint32_t largest_bits(const float* x, int64_t k) {
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i most = _mm512_setzero_si512();
  for (int64_t i = 0; i < k; i += kDotWidth) {
    const auto lanes = static_cast<__mmask16>(k - i >= kDotWidth ? 0xFFFF : (1U << (k - i)) - 1);
    most =
        _mm512_max_epu32(most, _mm512_and_si512(magnitude, _mm512_maskz_loadu_epi32(lanes, x + i)));
  }
  return _mm512_reduce_max_epu32(most);
}

// Digits of 16 numbers into their places in three tiles, one after the other.
void store_digits(__m512i whole, int8_t* to) {
  const __m512i half = _mm512_set1_epi32(128);
  for (int64_t d = kDigitCount - 1; d >= 0; --d) {
    _mm_store_si128(reinterpret_cast<__m128i*>(to + d * kTileBytes), _mm512_cvtepi32_epi8(whole));
    whole = _mm512_srai_epi32(_mm512_add_epi32(whole, half), 8);
  }
}

class Digits {
 public:
  explicit Digits(const DotJob& job)
      : job_(job),
        steps_(job.groups),
        largest_(static_cast<float*>(job.scratch)),
        tiles_(static_cast<int8_t*>(job.scratch) + kBlockRows * sizeof(float)) {}

  static size_t scratch_bytes(int64_t groups) {
    return static_cast<size_t>(kBlockRows * static_cast<int64_t>(sizeof(float)) +
                               kBlockRows / kTileRows * DigitSteps(groups).steps * kDigitCount *
                                   kTileBytes);
  }

  void run() {
    const int64_t blocks = (job_.rows + kBlockRows - 1) / kBlockRows;
    const int64_t step = (job_.rows + blocks - 1) / blocks;
    for (int64_t row = 0; row < job_.rows; row += step)
      run_block(row, job_.rows - row < step ? job_.rows - row : step);
    _tile_release();
  }

 private:
  using Sums = int32_t[kTileRows][kDotWidth];

  // Tiles 0 to 2 hold sums, 3 to 5 the digits of activations, 6 and 7 digits of weights.
  void configure() {
    const auto length = static_cast<uint8_t>(steps_.length);
    TileConfig c;
    for (int t = 0; t < 8; ++t) {
      c.rows[t] = t < 6 ? static_cast<uint8_t>(tile_rows_) : length;
      c.row_bytes[t] = t >= 3 && t < 6 ? static_cast<uint16_t>(4 * length) : uint16_t{64};
    }
    asm volatile("" ::"r"(&c) : "memory");
    _tile_loadconfig(&c);
  }

  // The rows are cut into tiles of equal height: a tile product takes as many cycles as it has
  // rows. A panel of weights stays in the first-level cache while all tiles meet it.
  void run_block(int64_t first, int64_t rows) {
    const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
    const int64_t height = (rows + tiles - 1) / tiles;
    first_ = first;
    if (height != tile_rows_) {
      tile_rows_ = height;
      configure();
    }
    split(rows);
    int64_t row = -1;  // whose sums are stored
    int64_t column = 0;
    const int64_t panel_groups = steps_.steps * kDigitCount * steps_.length * kDotWidth;
    for (int64_t panel = job_.first; panel < job_.last; ++panel) {
      const uint32_t* b = job_.b + panel * panel_groups;
      for (int64_t r = 0; r < rows; r += height) {
        multiply(tiles_of(r), b);
        asm volatile("" ::: "memory");
        if (row >= 0) finish(row, rows, column);
        store();
        row = r;
        column = panel * kDotWidth;
      }
    }
    finish(row, rows, column);
  }

  // Activations of the block into digits: [tiles][steps][kDigitCount] tiles.
  void split(int64_t rows) {
    special_ = false;
    for (int64_t r = 0; r < rows; ++r) {
      const float* x = row_of(r);
      const uint32_t bits = largest_bits(x, job_.groups);
      float largest = 0;
      __builtin_memcpy(&largest, &bits, sizeof largest);
      special_ = special_ || is_special(bits);
      largest_[r] = largest;
      split_row(x, static_cast<float>(kDigitRange) / (largest > 1e-30F ? largest : 1e-30F),
                tiles_of(r) + r % tile_rows_ * 64);
    }
  }

  void split_row(const float* x, float scale, int8_t* to) const {
    const __m512 by = _mm512_set1_ps(scale);
    const int64_t step = 4 * steps_.length;
    for (int64_t s = 0; s < steps_.steps; ++s, to += kDigitCount * kTileBytes) {
      const int64_t left = job_.groups - s * step;
      const int64_t count = left < step ? left : step;
      for (int64_t i = 0; i < step; i += kDotWidth) {
        const int64_t n = count - i;
        const auto lanes =
            static_cast<__mmask16>(n >= kDotWidth ? 0xFFFF : (n > 0 ? (1U << n) - 1 : 0U));
        const __m512 v = _mm512_maskz_loadu_ps(lanes, x + s * step + i);
        store_digits(_mm512_cvtps_epi32(_mm512_mul_ps(v, by)), to + i);
      }
    }
  }

  // Sums (0, 0); (0, 1) and (1, 0); (0, 2), (1, 1) and (2, 0), of activations by weights.
  void multiply(const int8_t* x, const uint32_t* b) const {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    const int64_t digit = steps_.length * kDotWidth;
    for (int64_t s = 0; s < steps_.steps;
         ++s, x += kDigitCount * kTileBytes, b += kDigitCount * digit) {
      _tile_loadd(6, b, 64);
      _tile_loadd(5, x + 2 * kTileBytes, 64);
      _tile_dpbssd(2, 5, 6);
      _tile_loadd(3, x, 64);
      _tile_dpbssd(0, 3, 6);
      _tile_loadd(4, x + kTileBytes, 64);
      _tile_dpbssd(1, 4, 6);
      _tile_loadd(7, b + digit, 64);
      _tile_dpbssd(2, 4, 7);
      _tile_dpbssd(1, 3, 7);
      _tile_loadd(6, b + 2 * digit, 64);
      _tile_dpbssd(2, 3, 6);
    }
  }

  void store() {
    _tile_stored(0, sums_[0], 64);
    _tile_stored(1, sums_[1], 64);
    _tile_stored(2, sums_[2], 64);
    asm volatile("" ::: "memory");
  }

  // Results of the tile whose sums are stored.
  void finish(int64_t row, int64_t rows, int64_t column) {
    const int64_t n = rows - row < tile_rows_ ? rows - row : tile_rows_;
    alignas(64) float real[kTileRows][kDotWidth];
    const __m512 parts[] = {_mm512_set1_ps(0x1p-14F), _mm512_set1_ps(0x1p-22F),
                            _mm512_set1_ps(0x1p-30F)};
    for (int64_t r = 0; r < n; ++r) {
      __m512 sum = _mm512_mul_ps(sums_of(2, r), parts[2]);
      sum = _mm512_fmadd_ps(sums_of(1, r), parts[1], sum);
      sum = _mm512_fmadd_ps(sums_of(0, r), parts[0], sum);
      _mm512_store_ps(real[r], _mm512_mul_ps(sum, _mm512_set1_ps(largest_[row + r])));
    }
    if (special_) finish_special(row, n, column, real);
    finish_tile<float>(job_, {real[0], kDotWidth, n}, first_ + row, column, 1);
  }

  __m512 sums_of(int digits, int64_t r) const {
    return _mm512_cvtepi32_ps(_mm512_load_si512(sums_[digits][r]));
  }

  // Rows with infinities or NaN, which digits can't say, are summed number by number.
  void finish_special(int64_t row, int64_t rows, int64_t column, float (*real)[kDotWidth]) const {
    constexpr auto kUnit = static_cast<float>(1 / (kDigitRange * kDigitScale));
    const int64_t digit = steps_.length * kDotWidth;
    const uint32_t* b = job_.b + column * steps_.steps * kDigitCount * steps_.length;
    for (int64_t r = 0; r < rows; ++r) {
      if (std::isfinite(largest_[row + r])) continue;
      const float* x = row_of(row + r);
      for (int64_t c = 0; c < kDotWidth; ++c) {
        real[r][c] = 0;
        for (int64_t k = 0; k < job_.groups; ++k) {
          const int64_t group = k / 4;
          const auto* w =
              reinterpret_cast<const int8_t*>(b + group / steps_.length * kDigitCount * digit +
                                              group % steps_.length * kDotWidth + c);
          const int32_t whole =
              65536 * w[k % 4] + 256 * w[4 * digit + k % 4] + w[8 * digit + k % 4];
          real[r][c] += x[k] * (static_cast<float>(whole) * kUnit);
        }
      }
    }
  }

  const float* row_of(int64_t r) const {
    return reinterpret_cast<const float*>(job_.x + (first_ + r) * job_.stride);
  }
  int8_t* tiles_of(int64_t r) const {
    return tiles_ + r / tile_rows_ * steps_.steps * kDigitCount * kTileBytes;
  }

  const DotJob& job_;
  const DigitSteps steps_;
  float* largest_;  // [kBlockRows], by row of the block
  int8_t* tiles_;
  int64_t first_ = 0;  // row of the block
  int64_t tile_rows_ = 0;
  bool special_ = false;  // a row of the block has infinities or NaN
  alignas(64) Sums sums_[kDigitCount];
};

int64_t all_groups(int64_t groups) { return groups; }

void run_digits(const DotJob& job) { Digits(job).run(); }

}  // namespace

extern const DotKernels kDotFloat32;
const DotKernels kDotFloat32 = {
    1, kTileRows, all_groups, run_digits, DotPanels::kDigits, 4, 0, Digits::scratch_bytes};

}  // namespace thaw::cpu::amx
