// 3x3 depthwise convolution from and to bfloat16 in float32 arithmetic, the even channels and the
// odd ones of each 32 apart: where a product of pairs costs twice as much as one of float32.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics start from a register that is undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/unroll.h"

namespace thaw::cpu::avx512bf16 {
namespace {

constexpr int64_t kBlock = 32;             // channels
constexpr int64_t kBlockFloats = 20 * 16;  // of constants

// Channels of a 32-bit pair: the even ones and the odd ones.
struct Pair {
  __m512 even;
  __m512 odd;
};

inline Pair load_pair(const char* p, __mmask32 mask) {
  const __m512i bits = _mm512_maskz_loadu_epi16(mask, p);
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(bits, 16)),
          _mm512_castsi512_ps(_mm512_and_si512(bits, upper))};
}

inline Pair constants(const float* w) { return {_mm512_loadu_ps(w), _mm512_loadu_ps(w + 16)}; }

inline Pair fma(const Pair& x, const Pair& w, const Pair& sum) {
  return {_mm512_fmadd_ps(x.even, w.even, sum.even), _mm512_fmadd_ps(x.odd, w.odd, sum.odd)};
}

inline void store(const Pair& sum, Clamp clamp, char* out, __mmask32 mask) {
  const __m512 lo = _mm512_set1_ps(clamp.lo);
  const __m512 hi = _mm512_set1_ps(clamp.hi);
  const __m512bh narrow = _mm512_cvtne2ps_pbh(_mm512_min_ps(hi, _mm512_max_ps(lo, sum.odd)),
                                              _mm512_min_ps(hi, _mm512_max_ps(lo, sum.even)));
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i ordered = _mm512_permutexvar_epi16(order, (__m512i)narrow);
  if (mask == 0xFFFFFFFF) {
    _mm512_storeu_si512(out, ordered);
  } else {
    _mm512_mask_storeu_epi16(out, mask, ordered);
  }
}

// P pixels of a block. Columns that two pixels share are loaded once.
template <int P, int Stride>
inline void strip(const DotDepthwiseRun& job, int64_t x, int64_t c, const float* w,
                  __mmask32 mask) {
  constexpr int kColumns = (P - 1) * Stride + 3;
  Pair sum[P];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) sum[p] = constants(w + 18 * 16);
  THAW_UNROLL
  for (int ky = 0; ky < 3; ++ky) {
    const char* row = job.rows[ky] + x * Stride * job.step + 2 * c;
    Pair weights[3];
    THAW_UNROLL
    for (int kx = 0; kx < 3; ++kx) weights[kx] = constants(w + (ky * 3 + kx) * 32);
    THAW_UNROLL
    for (int i = 0; i < kColumns; ++i) {
      const Pair in = load_pair(row + i * job.step, mask);
      THAW_UNROLL
      for (int p = 0; p < P; ++p) {
        const int kx = i - p * Stride;
        if (kx >= 0 && kx <= 2) sum[p] = fma(in, weights[kx], sum[p]);
      }
    }
  }
  THAW_UNROLL
  for (int p = 0; p < P; ++p)
    store(sum[p], job.clamp, job.out + (x + p) * job.out_step + 2 * c, mask);
}

template <int Stride>
void run_stride(const DotDepthwiseRun& job) {
  constexpr int kPixels = 4;
  const auto* w = static_cast<const float*>(job.blocks);
  for (int64_t c = 0; c < job.channels; c += kBlock, w += kBlockFloats) {
    const int64_t left = job.channels - c;
    const __mmask32 mask = left >= kBlock ? 0xFFFFFFFF : (1U << left) - 1;
    int64_t x = 0;
    for (; x + kPixels <= job.count; x += kPixels) strip<kPixels, Stride>(job, x, c, w, mask);
    for (; x < job.count; ++x) strip<1, Stride>(job, x, c, w, mask);
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

extern const DotDepthwise kTapsBFloat16;
const DotDepthwise kTapsBFloat16 = {DotLayout::kTaps, run};

}  // namespace thaw::cpu::avx512bf16
