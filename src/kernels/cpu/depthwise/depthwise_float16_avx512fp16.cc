// 3x3 depthwise convolution from float16 to 16-bit floats with products and sums in float16, where
// the layer says that its sums fit.
#define THAW_ISA avx512fp16
#include "kernels/cpu/depthwise/depthwise_strips.h"

namespace thaw::cpu::avx512fp16 {
namespace {

// Numbers from 0 on, and no NaN, as bfloat16: what lies midway between two of them goes up, what is
// below float16's normal numbers becomes 0. As whole numbers the two types differ by their
// exponents' bias.
inline __m512i positive_as_bfloat16(__m512h v) {
  constexpr int kSmallestNormal = 0x0400;
  constexpr int kBias = (127 - 15) << 7;
  const __m512i bits = _mm512_castph_si512(v);
  const __mmask32 normal = _mm512_cmpge_epi16_mask(bits, _mm512_set1_epi16(kSmallestNormal));
  const __m512i rounded = _mm512_mulhrs_epi16(bits, _mm512_set1_epi16(1 << 12));  // 3 bits less
  return _mm512_maskz_add_epi16(normal, rounded, _mm512_set1_epi16(kBias));
}

inline __m512i as_bfloat16(__m512h v) {
  const __m512i bits = _mm512_castph_si512(v);
  const __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(bits));
  const __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(bits, 1));
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

struct Float16Accumulation {
  static constexpr int kPixels = 8;  // chains of sums that keep both units for products busy
  static constexpr int64_t kBlockBytes = 10 * 32 * 2;

  // Columns that two pixels share are loaded once.
  template <int P, int Stride, bool Part>
  static inline void strip(const DotDepthwiseRun& job, const Strip& s) {
    constexpr int kColumns = (P - 1) * Stride + 3;
    const Readable<kColumns> readable(job, s, s.x * Stride);
    const auto constants = [&](int i) { return _mm512_loadu_ph(s.constants + i * 64); };
    __m512h sum[P];
    THAW_UNROLL
    for (int p = 0; p < P; ++p) sum[p] = constants(9);
    THAW_UNROLL
    for (int ky = 0; ky < 3; ++ky) {
      const char* row = job.rows[ky] + s.x * Stride * job.step + 2 * s.c;
      __m512h w[3];
      THAW_UNROLL
      for (int kx = 0; kx < 3; ++kx) w[kx] = constants(ky * 3 + kx);
      THAW_UNROLL
      for (int i = 0; i < kColumns; ++i) {
        const char* at = row + i * job.step;
        const __m512h in =
            Part ? _mm512_castsi512_ph(_mm512_maskz_loadu_epi16(readable.channels[i], at))
                 : _mm512_loadu_ph(at);
        THAW_UNROLL
        for (int p = 0; p < P; ++p) {
          const int kx = i - p * Stride;
          if (kx >= 0 && kx <= 2) sum[p] = _mm512_fmadd_ph(in, w[kx], sum[p]);
        }
      }
    }
    const __m512h lo = _mm512_set1_ph(static_cast<_Float16>(job.clamp.lo));
    const __m512h hi = _mm512_set1_ph(static_cast<_Float16>(job.clamp.hi));
    char* out = job.out + s.x * job.out_step + 2 * s.c;
    const auto store = [&](auto&& result_of) {
      THAW_UNROLL
      for (int p = 0; p < P; ++p)
        store_words(result_of(sum[p]), out + p * job.out_step, s.channels);
    };
    if (job.result != Element::kBFloat16) {
      store(
          [&](__m512h v) { return _mm512_castph_si512(_mm512_min_ph(hi, _mm512_max_ph(lo, v))); });
    } else if (job.clamp.lo >= 0 && job.clamp.hi < __builtin_inff()) {
      // The second operand's NaN would stay; so one becomes the upper bound.
      store(
          [&](__m512h v) { return positive_as_bfloat16(_mm512_max_ph(_mm512_min_ph(v, hi), lo)); });
    } else {
      store([&](__m512h v) { return as_bfloat16(_mm512_min_ph(hi, _mm512_max_ph(lo, v))); });
    }
  }
};

}  // namespace

extern const DotDepthwise kDepthwiseFloat16Accumulation;
const DotDepthwise kDepthwiseFloat16Accumulation = {DotLayout::kFloat16Taps,
                                                    run_rows<Float16Accumulation>, 1, true};

}  // namespace thaw::cpu::avx512fp16
