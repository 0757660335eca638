// Products of float16 on AMX's tiles for bfloat16: each number is split into a high and a low half
// of 8 bits each, which hold it wholly, and x * w is high * high + low * high + high * low (Henry,
// Tang, Heinecke: "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
// Computations", 2019). What is left out is at most 2^-16 of a product; sums are float32.
#define THAW_ISA amx
#include "kernels/cpu/dot_tiles_amx.h"

namespace thaw::cpu::amx {
namespace {

constexpr int64_t kTileBytes = kTileRows * 64;
constexpr int64_t kStepBytes = 4 * kTileBytes;  // high upper, high lower, low upper, low lower

size_t scratch_bytes(int64_t groups) {
  return static_cast<size_t>(kBlockRows / (2 * kTileRows) * Steps(groups).steps * kStepBytes);
}

__m512 load(const char* x, __mmask16 lanes) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, x));
}

__m512 widen_half(__m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// v less its high half; 0 where that is no number.
__m512 low_half(__m512 v, __m512 high, __mmask16 finite) {
  return _mm512_maskz_sub_ps(finite, v, high);
}

__mmask16 finite_lanes(__m512 v) {
  return _mm512_cmp_ps_mask(_mm512_abs_ps(v), _mm512_set1_ps(__builtin_inff()), _CMP_LT_OQ);
}

// 32 floats into their high and low halves; whether all are finite.
bool split(__m512 first, __m512 second, char* high, char* low) {
  const __m512bh packed = _mm512_cvtne2ps_pbh(second, first);
  __m512i bits;
  __builtin_memcpy(&bits, &packed, sizeof bits);
  _mm512_store_si512(high, bits);
  const __m512 a = widen_half(_mm512_castsi512_si256(bits));
  const __m512 b = widen_half(_mm512_extracti64x4_epi64(bits, 1));
  const __mmask16 a_finite = finite_lanes(a);
  const __mmask16 b_finite = finite_lanes(b);
  const __m512bh rest =
      _mm512_cvtne2ps_pbh(low_half(second, b, b_finite), low_half(first, a, a_finite));
  __builtin_memcpy(&bits, &rest, sizeof bits);
  _mm512_store_si512(low, bits);
  return (a_finite & b_finite) == 0xFFFF;
}

// Zeros in place of infinities and NaN, which the low half of a weight must not meet: its sign is
// not the weight's.
void copy_finite(const char* from, int64_t bytes, char* to) {
  const __m512i exponent = _mm512_set1_epi16(0x7F80);
  for (int64_t i = 0; i < bytes; i += 64) {
    const __m512i v = _mm512_load_si512(from + i);
    const __mmask32 finite = _mm512_cmpneq_epi16_mask(_mm512_and_si512(v, exponent), exponent);
    _mm512_store_si512(to + i, _mm512_maskz_mov_epi16(finite, v));
  }
}

// Splits the rows once for all panels, into tiles in the order in which they are used.
class SplitWay {
 public:
  using Sum = float;
  static constexpr bool kPadded = true;
  explicit SplitWay(const DotJob& job)
      : job_(job), steps_(job.groups), tiles_(static_cast<char*>(job.scratch)) {}

  int64_t step_groups() const { return steps_.length; }
  const uint32_t* weights(int64_t column) const { return job_.b + 2 * column * job_.groups; }
  const void* first_sums(int64_t /*column*/) const { return nullptr; }
  void finish(const Stored<float>& s) const { finish_stored(job_, s); }

  void begin(int64_t row, int64_t rows) {
    constexpr int64_t kBytes = 2;
    const int64_t length = 2 * steps_.length;
    const auto lanes = [](int64_t n) {
      return static_cast<__mmask16>(n >= kDotWidth ? 0xFFFF : (1U << n) - 1);
    };
    const __mmask16 first = lanes(length);
    const __mmask16 second = length > kDotWidth ? lanes(length - kDotWidth) : __mmask16{0};
    finite_ = true;
    for (int64_t r = 0; r < rows; ++r) {
      const char* x = job_.x + (row + r) * job_.stride;
      char* to = tiles_of(r) + r / kTileRows % 2 * kTileBytes + r % kTileRows * 64;
      for (int64_t s = 0; s < steps_.steps; ++s, x += length * kBytes, to += kStepBytes)
        finite_ =
            split(load(x, first), load(x + kDotWidth * kBytes, second), to, to + 2 * kTileBytes) &&
            finite_;
    }
  }

  template <bool kLower, bool kSecond>
  void multiply(int64_t row, const uint32_t* b) const {
    constexpr int64_t kVectors = kSecond ? 2 : 1;
    constexpr int64_t kPitch = kVectors * 64;
    const int64_t step = steps_.length * kVectors * kDotWidth;
    const uint32_t* low = b + job_.groups * kVectors * kDotWidth;
    const char* x = tiles_of(row);
    for (int64_t s = 0; s < steps_.steps; ++s) {
      _tile_loadd(6, b, kPitch);
      if (kSecond) _tile_loadd(7, b + kDotWidth, kPitch);
      _tile_loadd(4, x + 2 * kTileBytes, 64);
      if (kLower) _tile_loadd(5, x + 3 * kTileBytes, 64);
      b += step;
      prefetch<kVectors * kTileBytes>(b);
      multiply_tiles<BFloat16, kLower, kSecond>();
      _tile_loadd(4, x, 64);
      if (kLower) _tile_loadd(5, x + kTileBytes, 64);
      prefetch<kStepBytes>(x + kStepBytes);
      multiply_tiles<BFloat16, kLower, kSecond>();
      if (!finite_) load_finite<kLower>(x);
      _tile_loadd(6, low, kPitch);
      if (kSecond) _tile_loadd(7, low + kDotWidth, kPitch);
      low += step;
      x += kStepBytes;
      prefetch<kVectors * kTileBytes>(low);
      multiply_tiles<BFloat16, kLower, kSecond>();
    }
  }

 private:
  // What the next step reads: the tile unit alone asks for it too late.
  template <int64_t kBytes>
  static void prefetch(const void* from) {
    for (int64_t i = 0; i < kBytes; i += 64)
      _mm_prefetch(static_cast<const char*>(from) + i, _MM_HINT_T0);
  }
  template <bool kLower>
  static void load_finite(const char* x) {
    alignas(64) char tiles[2 * kTileBytes];
    copy_finite(x, sizeof tiles, tiles);
    asm volatile("" ::"r"(tiles) : "memory");
    _tile_loadd(4, tiles, 64);
    if (kLower) _tile_loadd(5, tiles + kTileBytes, 64);
    asm volatile("" ::: "memory");
  }
  char* tiles_of(int64_t row) const {
    return tiles_ + row / (2 * kTileRows) * steps_.steps * kStepBytes;
  }

  const DotJob& job_;
  const Steps steps_;
  bool finite_ = true;  // all activations of the block
  char* tiles_;         // [block's rows / 32][steps][kStepBytes]
};

void run_split(const DotJob& job) { Tiles<SplitWay>(job).run(); }

}  // namespace

extern const DotKernels kDotFloat16;
const DotKernels kDotFloat16 = {
    kPanelVectors, 2 * kTileRows, whole_groups, run_split, DotPanels::kHalves, 2, 0, scratch_bytes};

}  // namespace thaw::cpu::amx
