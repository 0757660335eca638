// 3x3 depthwise convolution from 16-bit floats to 16-bit floats in float32 arithmetic, which is as
// fast as AVX512-BF16's products of pairs and doesn't round the filter.
#define THAW_ISA avx512bf16
#include "kernels/cpu/depthwise/depthwise_strips.h"

namespace thaw::cpu::avx512bf16 {
namespace {

// 32 channels in two vectors.
struct Pair {
  __m512 first;
  __m512 second;
};

// The even channels and the odd ones: an instruction each brings them to float32.
struct BFloat16 {
  static Pair widen(__m512i bits) {
    const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(bits, 16)),
            _mm512_castsi512_ps(_mm512_and_si512(bits, upper))};
  }
  static __m512i narrow(const Pair& v, Element /*result*/) {
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(v.second, v.first));
  }
};

struct Float16 {
  static Pair widen(__m512i bits) {
    return {_mm512_cvtph_ps(_mm512_castsi512_si256(bits)),
            _mm512_cvtph_ps(_mm512_extracti64x4_epi64(bits, 1))};
  }
  static __m512i narrow(const Pair& v, Element result) {
    if (result == Element::kBFloat16) return (__m512i)_mm512_cvtne2ps_pbh(v.second, v.first);
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtps_ph(v.first, kNearest)),
                              _mm512_cvtps_ph(v.second, kNearest), 1);
  }
};

inline Pair constants(const float* w) { return {_mm512_loadu_ps(w), _mm512_loadu_ps(w + 16)}; }

inline Pair fma(const Pair& x, const Pair& w, const Pair& sum) {
  return {_mm512_fmadd_ps(x.first, w.first, sum.first),
          _mm512_fmadd_ps(x.second, w.second, sum.second)};
}

inline Pair kept(const Pair& v, Clamp clamp) {
  const __m512 lo = _mm512_set1_ps(clamp.lo);
  const __m512 hi = _mm512_set1_ps(clamp.hi);
  return {_mm512_min_ps(hi, _mm512_max_ps(lo, v.first)),
          _mm512_min_ps(hi, _mm512_max_ps(lo, v.second))};
}

template <class X>
struct FloatSums {
  static constexpr int kPixels = 4;
  static constexpr int64_t kBlockBytes = 10 * 32 * sizeof(float);

  // Columns that two pixels share are loaded once.
  template <int P, int Stride, bool Part>
  static inline void strip(const DotDepthwiseRun& job, const Strip& s) {
    constexpr int kColumns = (P - 1) * Stride + 3;
    const Readable<kColumns> readable(job, s, s.x * Stride);
    const auto* w = reinterpret_cast<const float*>(s.constants);
    Pair sum[P];
    THAW_UNROLL
    for (int p = 0; p < P; ++p) sum[p] = constants(w + 9 * 32);
    THAW_UNROLL
    for (int ky = 0; ky < 3; ++ky) {
      const char* row = job.rows[ky] + s.x * Stride * job.step + 2 * s.c;
      Pair weights[3];
      THAW_UNROLL
      for (int kx = 0; kx < 3; ++kx) weights[kx] = constants(w + (ky * 3 + kx) * 32);
      THAW_UNROLL
      for (int i = 0; i < kColumns; ++i) {
        const char* at = row + i * job.step;
        const Pair in = X::widen(Part ? _mm512_maskz_loadu_epi16(readable.channels[i], at)
                                      : _mm512_loadu_si512(at));
        THAW_UNROLL
        for (int p = 0; p < P; ++p) {
          const int kx = i - p * Stride;
          if (kx >= 0 && kx <= 2) sum[p] = fma(in, weights[kx], sum[p]);
        }
      }
    }
    THAW_UNROLL
    for (int p = 0; p < P; ++p)
      store_words(X::narrow(kept(sum[p], job.clamp), job.result),
                  job.out + (s.x + p) * job.out_step + 2 * s.c, s.channels);
  }
};

}  // namespace

extern const DotDepthwise kDepthwiseBFloat16;
const DotDepthwise kDepthwiseBFloat16 = {DotLayout::kSplitTaps, run_rows<FloatSums<BFloat16>>, 1,
                                         true};
extern const DotDepthwise kDepthwiseFloat16;
const DotDepthwise kDepthwiseFloat16 = {DotLayout::kTaps, run_rows<FloatSums<Float16>>, 1, true};

}  // namespace thaw::cpu::avx512bf16
