// 3x3 depthwise convolution from and to uint8: products of pairs of taps in 16 bits.
#include "kernels/cpu/simd/vec_avx2.h"
#define THAW_ISA avx2
#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::avx2 {
namespace {

constexpr int64_t kBlock = 16;           // channels
constexpr int64_t kBlockWords = 8 * 16;  // of constants
constexpr int64_t kHalf = Vec::kWidth;   // of a block's sums, in the order of unpacked words
constexpr int64_t kScales = 5 * kBlock;  // words before them
constexpr int64_t kBiases = 6 * kBlock;
constexpr int64_t kCorrections = 7 * kBlock;

inline __m256i load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline __m256i load_channels(const char* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

// Pairs of a column's taps.
struct Pairs {
  __m256i lo;
  __m256i hi;
};
inline Pairs paired(__m256i a, __m256i b) {
  return {_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)};
}

inline void add(Pairs& sum, const Pairs& x, const float* w) {
  sum.lo = _mm256_add_epi32(sum.lo, _mm256_madd_epi16(x.lo, load(w)));
  sum.hi = _mm256_add_epi32(sum.hi, _mm256_madd_epi16(x.hi, load(w + kHalf)));
  // Else the compiler sums in another order, for which there are too few registers.
  asm("" : "+x"(sum.lo), "+x"(sum.hi));
}

inline __m256i level(__m256i sum, const float* w, const DotDepthwiseRun& job) {
  const Vec real =
      fma(Vec{_mm256_cvtepi32_ps(sum)}, Vec::load(w + kScales), Vec::load(w + kBiases));
  const Vec kept = min(Vec::set(job.clamp.hi), max(Vec::set(job.clamp.lo), real));
  return _mm256_cvtps_epi32(kept.v);
}

inline void store(const Pairs& sum, const float* w, const DotDepthwiseRun& job, char* out) {
  const __m256i words = _mm256_packs_epi32(level(sum.lo, w, job), level(sum.hi, w + kHalf, job));
  const __m256i levels =
      _mm256_adds_epi16(words, _mm256_set1_epi16(static_cast<int16_t>(job.zero)));
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(out),
      _mm_packus_epi16(_mm256_castsi256_si128(levels), _mm256_extracti128_si256(levels, 1)));
}

// P pixels of a block, whose constants are at w. Columns that two pixels share are loaded once.
template <int P, int Stride>
inline void strip(const DotDepthwiseRun& job, int64_t x, int64_t c, const float* w) {
  constexpr int kColumns = (P - 1) * Stride + 3;
  const int64_t at = x * Stride * job.step + c;
  const char* const r0 = job.rows[0] + at;
  const char* const r1 = job.rows[1] + at;
  const char* const r2 = job.rows[2] + at;
  Pairs sum[P];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) sum[p] = {load(w + kCorrections), load(w + kCorrections + kHalf)};
  THAW_UNROLL
  for (int i = 0; i < kColumns; ++i) {
    const Pairs upper = paired(load_channels(r0 + i * job.step), load_channels(r1 + i * job.step));
    THAW_UNROLL
    for (int p = 0; p < P; ++p) {
      const int kx = i - p * Stride;
      if (kx >= 0 && kx <= 2) add(sum[p], upper, w + kx * kBlock);
    }
    if (i % Stride != 0) continue;
    // The last column's neighbour counts with weights of 0 alone.
    const int next = i + 1 < kColumns ? i + 1 : i;
    const Pairs lower =
        paired(load_channels(r2 + i * job.step), load_channels(r2 + next * job.step));
    THAW_UNROLL
    for (int p = 0; p < P; ++p) {
      const int kx = i - p * Stride;
      if (kx == 0) add(sum[p], lower, w + 3 * kBlock);
      if (kx == 2) add(sum[p], lower, w + 4 * kBlock);
    }
  }
  THAW_UNROLL
  for (int p = 0; p < P; ++p) store(sum[p], w, job, job.out + (x + p) * job.out_step + c);
}

template <int Stride>
void run_stride(const DotDepthwiseRun& job) {
  constexpr int kPixels = 4;
  const auto* w = static_cast<const float*>(job.blocks);
  for (int64_t c = 0; c < job.channels; c += kBlock, w += kBlockWords) {
    const int64_t first = c + kBlock <= job.channels ? c : job.channels - kBlock;
    int64_t x = 0;
    for (; x + kPixels <= job.count; x += kPixels) strip<kPixels, Stride>(job, x, first, w);
    for (; x < job.count; ++x) strip<1, Stride>(job, x, first, w);
  }
}

void run(const DotDepthwiseRun& job) {
  if (job.stride == 1) {
    run_stride<1>(job);
  } else {
    run_stride<2>(job);
  }
}

}  // namespace

extern const DotDepthwise kDepthwiseUInt8;
const DotDepthwise kDepthwiseUInt8 = {DotLayout::kWordPairs, run, kBlock};

}  // namespace thaw::cpu::avx2
