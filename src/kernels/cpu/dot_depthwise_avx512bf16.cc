// 3x3 depthwise convolution from and to bfloat16: each product takes two rows of the window.
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
constexpr int64_t kBlockFloats = 14 * 16;  // of constants

// The three rows' column: channels [half] of rows 0 and 1, of row 2 and zero.
struct Column {
  __m512i rows01[2];
  __m512i row2[2];
};

inline Column load_column(const char* const* rows, int64_t at, __mmask32 mask) {
  const __m512i r0 = _mm512_maskz_loadu_epi16(mask, rows[0] + at);
  const __m512i r1 = _mm512_maskz_loadu_epi16(mask, rows[1] + at);
  const __m512i r2 = _mm512_maskz_loadu_epi16(mask, rows[2] + at);
  const __m512i none = _mm512_setzero_si512();
  return {{_mm512_unpacklo_epi16(r0, r1), _mm512_unpackhi_epi16(r0, r1)},
          {_mm512_unpacklo_epi16(r2, none), _mm512_unpackhi_epi16(r2, none)}};
}

inline __m512 dot(__m512 sum, __m512i a, const float* w) {
  return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)_mm512_loadu_si512(w));
}

inline void store(const __m512 (&sum)[2], Clamp clamp, char* out, __mmask32 mask) {
  const __m512 lo = _mm512_set1_ps(clamp.lo);
  const __m512 hi = _mm512_set1_ps(clamp.hi);
  const __m512bh narrow = _mm512_cvtne2ps_pbh(_mm512_min_ps(hi, _mm512_max_ps(lo, sum[1])),
                                              _mm512_min_ps(hi, _mm512_max_ps(lo, sum[0])));
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  const __m512i ordered = _mm512_permutexvar_epi64(order, (__m512i)narrow);
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
  __m512 sum[P][2];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) {
    sum[p][0] = _mm512_loadu_ps(w + 12 * 16);
    sum[p][1] = _mm512_loadu_ps(w + 13 * 16);
  }
  THAW_UNROLL
  for (int i = 0; i < kColumns; ++i) {
    const Column in = load_column(job.rows, (x * Stride + i) * job.step + 2 * c, mask);
    THAW_UNROLL
    for (int p = 0; p < P; ++p) {
      const int kx = i - p * Stride;
      if (kx < 0 || kx > 2) continue;
      THAW_UNROLL
      for (int h = 0; h < 2; ++h) {
        sum[p][h] = dot(sum[p][h], in.rows01[h], w + (kx * 4 + h) * 16);
        sum[p][h] = dot(sum[p][h], in.row2[h], w + (kx * 4 + 2 + h) * 16);
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

extern const DotDepthwise kDepthwiseBFloat16;
const DotDepthwise kDepthwiseBFloat16 = {DotLayout::kRowPairs, run};

}  // namespace thaw::cpu::avx512bf16
