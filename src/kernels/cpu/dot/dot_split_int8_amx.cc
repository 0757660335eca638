// Products of float32 and float16 on AMX's tiles for int8, in slices (split_int8_panels.h): three
// and two slices, six and three tile products for one.
#include <cmath>

#define THAW_ISA amx
#include "kernels/cpu/dot/dot_tiles_amx.h"
#include "kernels/cpu/dot/split_int8_panels.h"

namespace thaw::cpu::amx {
namespace {

constexpr int64_t kTileBytes = kTileRows * 64;
static_assert(kTileBytes == kSliceBytes);

template <Element E>
constexpr int64_t kSlices = E == Element::kFloat32 ? 3 : 2;

// 16 numbers, zeros where `lanes` are not set.
template <Element E>
__m512 load(const void* x, __mmask16 lanes) {
  if constexpr (E == Element::kFloat32) return _mm512_maskz_loadu_ps(lanes, x);
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, x));
}

// Largest of the k absolute values, as bits: a NaN's are above infinity's.
template <Element E>
uint32_t largest_bits(const char* x, int64_t k) {
  __m512i most = _mm512_setzero_si512();
  for (int64_t i = 0; i < k; i += kDotWidth, x += kDotWidth * bytes_of(E)) {
    const auto lanes = static_cast<__mmask16>(k - i >= kDotWidth ? 0xFFFF : (1U << (k - i)) - 1);
    most = _mm512_max_epu32(most, _mm512_castps_si512(_mm512_abs_ps(load<E>(x, lanes))));
  }
  return _mm512_reduce_max_epu32(most);
}

// Numbers into slices: byte d of each counts 256^d. An offset of 128 in each slice leaves nothing
// to carry; turning its top bit takes the offset off again.
__m512i slices_of(__m512 numbers) {
  const __m512i offset = _mm512_set1_epi32(0x808080);
  return _mm512_xor_si512(_mm512_add_epi32(_mm512_cvtps_epi32(numbers), offset), offset);
}

// A step's numbers into a row of kCount tiles, one after the other.
template <int64_t kCount>
void store_slices(const __m512 (&numbers)[4], int8_t* to) {
  const __m512i by_slice =
      _mm512_broadcast_i32x4(_mm_set_epi8(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0));
  __m512i v[4];
  THAW_UNROLL
  for (int i = 0; i < 4; ++i) v[i] = _mm512_shuffle_epi8(slices_of(numbers[i]), by_slice);
  const __m512i a = _mm512_unpacklo_epi32(v[0], v[1]);
  const __m512i b = _mm512_unpacklo_epi32(v[2], v[3]);
  _mm512_store_si512(to + (kCount - 1) * kTileBytes, _mm512_unpacklo_epi64(a, b));
  _mm512_store_si512(to + (kCount - 2) * kTileBytes, _mm512_unpackhi_epi64(a, b));
  if (kCount == 3)
    _mm512_store_si512(to, _mm512_unpacklo_epi64(_mm512_unpackhi_epi32(v[0], v[1]),
                                                 _mm512_unpackhi_epi32(v[2], v[3])));
}

// A step's products of slices of activations, in tiles 3 to 5, by slices of weights. Tile 0 sums
// (0, 0); of three slices 1 sums (0, 1) and (1, 0), and 2 sums (0, 2), (1, 1) and (2, 0); of two
// slices 1 sums (1, 0) and 2 sums (0, 1). No sum is needed again at once.
template <int64_t kCount>
void multiply_slices(const int8_t* x, const int8_t* b) {
  if constexpr (kCount == 3) {
    _tile_loadd(6, b, 64);
    _tile_loadd(5, x + 2 * kTileBytes, 64);
    _tile_dpbssd(2, 5, 6);
    _tile_loadd(3, x, 64);
    _tile_dpbssd(0, 3, 6);
    _tile_loadd(4, x + kTileBytes, 64);
    _tile_dpbssd(1, 4, 6);
    _tile_loadd(7, b + kTileBytes, 64);
    _tile_dpbssd(2, 4, 7);
    _tile_dpbssd(1, 3, 7);
    _tile_loadd(6, b + 2 * kTileBytes, 64);
    _tile_dpbssd(2, 3, 6);
  } else {
    _tile_loadd(6, b, 64);
    _tile_loadd(3, x, 64);
    _tile_dpbssd(0, 3, 6);
    _tile_loadd(4, x + kTileBytes, 64);
    _tile_dpbssd(1, 4, 6);
    _tile_loadd(7, b + kTileBytes, 64);
    _tile_dpbssd(2, 3, 7);
  }
}

template <Element E>
class SplitProducts {
 public:
  explicit SplitProducts(const DotJob& job)
      : job_(job),
        length_(job.groups * kPerGroup),
        steps_(split_steps(length_)),
        largest_(static_cast<float*>(job.scratch)),
        tiles_(reinterpret_cast<int8_t*>(largest_ + kBlockRows)) {}

  static size_t scratch_bytes(int64_t groups) {
    return kBlockRows * sizeof(float) +
           static_cast<size_t>(kBlockRows / kTileRows * split_steps(groups * kPerGroup) *
                               kStepBytes);
  }

  void run() {
    const int64_t blocks = (job_.rows + kBlockRows - 1) / kBlockRows;
    const int64_t step = (job_.rows + blocks - 1) / blocks;
    for (int64_t row = 0; row < job_.rows; row += step)
      run_block(row, job_.rows - row < step ? job_.rows - row : step);
    _tile_release();
  }

 private:
  static constexpr int64_t kStepBytes = kSlices<E> * kTileBytes;
  static constexpr int64_t kPerGroup = E == Element::kFloat32 ? 1 : 2;

  // Tiles 0 to 2 hold sums, 3 to 5 the slices of activations, 6 and 7 slices of weights.
  void configure() {
    TileConfig c;
    for (int t = 0; t < 8; ++t) {
      c.rows[t] = t < 6 ? static_cast<uint8_t>(tile_rows_) : uint8_t{16};
      c.row_bytes[t] = 64;
    }
    asm volatile("" ::"r"(&c) : "memory");
    _tile_loadconfig(&c);
  }

  // The rows are cut into tiles of equal height: a tile product takes as many cycles as it has
  // rows. Weights stay in the first-level cache while all tiles meet them.
  void run_block(int64_t first, int64_t rows) {
    const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
    const int64_t height = (rows + tiles - 1) / tiles;
    first_ = first;
    if (height != tile_rows_) {
      tile_rows_ = height;
      configure();
    }
    split(rows);
    asm volatile("" ::: "memory");
    for (int64_t panel = job_.first; panel < job_.last; ++panel) {
      for (int64_t row = 0; row < rows; row += height) {
        multiply(activations_of(row), weights_of(panel));
        epilogue_rows(kTileRows);
        store();
        stored_ = {row, rows - row < height ? rows - row : height, panel * kDotWidth, 0};
      }
    }
    epilogue_rows(kTileRows);
  }

  // Activations of the block into slices: [tiles][steps][slices] tiles.
  void split(int64_t rows) {
    special_ = false;
    for (int64_t r = 0; r < rows; ++r) {
      const char* x = row_of(r);
      const uint32_t bits = largest_bits<E>(x, length_);
      float largest = 0;
      __builtin_memcpy(&largest, &bits, sizeof largest);
      special_ = special_ || !std::isfinite(largest);
      largest_[r] = largest;
      split_row(x,
                static_cast<float>(split_range(kSlices<E>)) / (largest > 1e-30F ? largest : 1e-30F),
                activations_of(r) + r % tile_rows_ * 64);
    }
  }

  void split_row(const char* x, float scale, int8_t* to) const {
    const __m512 by = _mm512_set1_ps(scale);
    for (int64_t k = 0; k < length_; k += kSplitStep, to += kStepBytes) {
      const int64_t left = length_ - k;
      const uint64_t lanes = left >= kSplitStep ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
      __m512 numbers[4];
      THAW_UNROLL
      for (int v = 0; v < 4; ++v, x += kDotWidth * bytes_of(E))
        numbers[v] =
            _mm512_mul_ps(by, load<E>(x, static_cast<__mmask16>(lanes >> (kDotWidth * v))));
      store_slices<kSlices<E>>(numbers, to);
    }
  }

  // With each step some results of the tile before are made: the processor looks too short a way
  // ahead to do that while the tile unit, which takes few instructions and many cycles, works.
  void multiply(const int8_t* x, const int8_t* b) {
    const int64_t each = (tile_rows_ + steps_ - 1) / steps_;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (int64_t s = 0; s < steps_; ++s, x += kStepBytes, b += kStepBytes) {
      multiply_slices<kSlices<E>>(x, b);
      epilogue_rows(each);
    }
  }

  void store() {
    asm volatile("" ::: "memory");
    _tile_stored(0, sums_[0], 64);
    _tile_stored(1, sums_[1], 64);
    _tile_stored(2, sums_[2], 64);
    asm volatile("" ::: "memory");
  }

  // Results of up to `most` more rows of the tile whose sums are stored.
  void epilogue_rows(int64_t most) {
    const int64_t left = stored_.rows - stored_.done;
    const int64_t rows = left < most ? left : most;
    if (rows <= 0) return;
    const int64_t first = stored_.row + stored_.done;
    if (job_.epilogue.result == Element::kFloat32 && !special_) {
      epilogue_floats(first, rows);
    } else {
      alignas(64) float real[kTileRows][kDotWidth];
      for (int64_t r = 0; r < rows; ++r) _mm512_store_ps(real[r], real_sums_of(first, r));
      if (special_) epilogue_special(first, rows, real);
      epilogue_tile<float>(job_, {real[0], kDotWidth, rows}, first_ + first, stored_.column, 1);
    }
    stored_.done += rows;
  }

  void epilogue_floats(int64_t first, int64_t rows) const {
    const Epilogue& f = job_.epilogue;
    const __m512 scale = _mm512_loadu_ps(f.scale + stored_.column);
    const __m512 bias = _mm512_loadu_ps(f.bias + stored_.column);
    const __m512 lo = _mm512_set1_ps(f.clamp.lo);
    const __m512 hi = _mm512_set1_ps(f.clamp.hi);
    const int64_t left = job_.columns - stored_.column;
    const auto lanes = static_cast<__mmask16>(left >= kDotWidth ? 0xFFFF : (1U << left) - 1);
    float* y = static_cast<float*>(job_.y) + (first_ + first) * job_.ldy + stored_.column;
    for (int64_t r = 0; r < rows; ++r, y += job_.ldy) {
      const __m512 v = _mm512_fmadd_ps(real_sums_of(first, r), scale, bias);
      _mm512_mask_storeu_ps(y, lanes, _mm512_min_ps(hi, _mm512_max_ps(lo, v)));
    }
  }

  // Of row r of those that come next, which is row first + r of the block.
  __m512 real_sums_of(int64_t first, int64_t r) const {
    constexpr float kLast = kSlices<E> == 3 ? 0x1p-30F : 0x1p-22F;
    __m512 sum = _mm512_mul_ps(sums_of(2, r), _mm512_set1_ps(kLast));
    sum = _mm512_fmadd_ps(sums_of(1, r), _mm512_set1_ps(0x1p-22F), sum);
    sum = _mm512_fmadd_ps(sums_of(0, r), _mm512_set1_ps(0x1p-14F), sum);
    return _mm512_mul_ps(sum, _mm512_set1_ps(largest_[first + r]));
  }

  __m512 sums_of(int slices, int64_t r) const {
    return _mm512_cvtepi32_ps(_mm512_load_si512(sums_[slices][stored_.done + r]));
  }

  // Rows with infinities or NaN, which slices can't say, are summed number by number.
  void epilogue_special(int64_t first, int64_t rows, float (*real)[kDotWidth]) const {
    constexpr float kUnit =
        1 / (static_cast<float>(split_range(kSlices<E>)) * split_scale(kSlices<E>));
    const int8_t* b = weights_of(stored_.column / kDotWidth);
    for (int64_t r = 0; r < rows; ++r) {
      if (std::isfinite(largest_[first + r])) continue;
      const char* x = row_of(first + r);
      for (int64_t c = 0; c < kDotWidth; ++c) {
        real[r][c] = 0;
        for (int64_t k = 0; k < length_; ++k) {
          const int64_t group = split_group(k % kSplitStep);
          const int8_t* w = b + k / kSplitStep * kStepBytes + group * 64 + 4 * c + k % 4;
          int32_t whole = 0;
          for (int64_t d = 0; d < kSlices<E>; ++d) whole = 256 * whole + w[d * kTileBytes];
          const float v = _mm512_cvtss_f32(load<E>(x + k * bytes_of(E), 1));
          real[r][c] += v * (static_cast<float>(whole) * kUnit);
        }
      }
    }
  }

  const char* row_of(int64_t r) const { return job_.x + (first_ + r) * job_.stride; }
  int8_t* activations_of(int64_t r) const { return tiles_ + r / tile_rows_ * steps_ * kStepBytes; }
  const int8_t* weights_of(int64_t panel) const {
    return reinterpret_cast<const int8_t*>(job_.b) + panel * steps_ * kStepBytes;
  }

  // A tile whose sums are stored, and how many of its rows have results.
  struct Stored {
    int64_t row = 0;  // of the block
    int64_t rows = 0;
    int64_t column = 0;
    int64_t done = 0;
  };

  const DotJob& job_;
  const int64_t length_;  // numbers in a row
  const int64_t steps_;
  float* largest_;     // [kBlockRows], by row of the block
  int8_t* tiles_;      // [kBlockRows / 16][steps][slices][16][64]
  int64_t first_ = 0;  // row of the block
  int64_t tile_rows_ = 0;
  bool special_ = false;  // a row of the block has infinities or NaN
  Stored stored_;
  alignas(64) int32_t sums_[3][kTileRows][kDotWidth];
};

int64_t all_groups(int64_t groups) { return groups; }

template <Element E>
void run_split(const DotJob& job) {
  SplitProducts<E>(job).run();
}

template <Element E>
constexpr DotKernels kKernels = {1,
                                 kTileRows,
                                 all_groups,
                                 run_split<E>,
                                 DotPanels::kSplitInt8,
                                 4,
                                 0,
                                 SplitProducts<E>::scratch_bytes,
                                 kSlices<E>};

}  // namespace

extern const DotKernels kDotFloat32;
const DotKernels kDotFloat32 = kKernels<Element::kFloat32>;
extern const DotKernels kDotFloat16;
const DotKernels kDotFloat16 = kKernels<Element::kFloat16>;

}  // namespace thaw::cpu::amx
