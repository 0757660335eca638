// 3x3 depthwise convolution from and to uint8: each product takes a column of the window.
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics start from a register that is undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::avx512vnni {
namespace {

// Rounding is monotonic: the upper bound is applied after it, to bytes. The lower one comes before,
// so that a NaN, which passes it, becomes 0.
struct Bounds {
  explicit Bounds(const DotDepthwiseRun& job)
      : zero(static_cast<int16_t>(job.zero)),
        lo(job.clamp.lo),
        hi(static_cast<char>(_mm_cvt_ss2si(_mm_set_ss(job.clamp.hi)) + job.zero)) {}
  int16_t zero;
  float lo;
  char hi;
};

// Above all levels and below what 32 bits can hold: more would turn into the least of them.
constexpr float kMost = 65536;

// 64 channels.
struct Wide {
  using Ints = __m512i;
  using Floats = __m512;
  using Mask = __mmask64;
  static constexpr int kChannels = 64;
  static Ints load(Mask m, const char* p) { return _mm512_maskz_loadu_epi8(m, p); }
  static Ints load(const void* p) { return _mm512_loadu_si512(p); }
  static Floats load_floats(const float* p) { return _mm512_loadu_ps(p); }
  static void store(Mask m, Ints v, char* p) {
    if (m == ~Mask{0}) {
      _mm512_storeu_si512(p, v);
    } else {
      _mm512_mask_storeu_epi8(p, m, v);
    }
  }
  static Ints none() { return _mm512_setzero_si512(); }
  static Ints lo8(Ints a, Ints b) { return _mm512_unpacklo_epi8(a, b); }
  static Ints hi8(Ints a, Ints b) { return _mm512_unpackhi_epi8(a, b); }
  static Ints lo16(Ints a, Ints b) { return _mm512_unpacklo_epi16(a, b); }
  static Ints hi16(Ints a, Ints b) { return _mm512_unpackhi_epi16(a, b); }
  static Ints dot(Ints sum, Ints a, Ints w) { return _mm512_dpbusd_epi32(sum, a, w); }
  static Ints level(Ints sum, Floats scale, Floats bias, const Bounds& b) {
    const Floats real = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, bias);
    const Floats most = _mm512_set1_ps(kMost);
    return _mm512_cvtps_epi32(_mm512_min_ps(most, _mm512_max_ps(_mm512_set1_ps(b.lo), real)));
  }
  static Ints pack(const Ints (&q)[4], const Bounds& b) {
    const Ints z = _mm512_set1_epi16(b.zero);
    const Ints bytes = _mm512_packus_epi16(_mm512_adds_epi16(_mm512_packs_epi32(q[0], q[1]), z),
                                           _mm512_adds_epi16(_mm512_packs_epi32(q[2], q[3]), z));
    return _mm512_min_epu8(_mm512_set1_epi8(b.hi), bytes);
  }
};

// 32 channels.
struct Half {
  using Ints = __m256i;
  using Floats = __m256;
  using Mask = __mmask32;
  static constexpr int kChannels = 32;
  static Ints load(Mask m, const char* p) { return _mm256_maskz_loadu_epi8(m, p); }
  static Ints load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static Floats load_floats(const float* p) { return _mm256_loadu_ps(p); }
  static void store(Mask m, Ints v, char* p) {
    if (m == ~Mask{0}) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
    } else {
      _mm256_mask_storeu_epi8(p, m, v);
    }
  }
  static Ints none() { return _mm256_setzero_si256(); }
  static Ints lo8(Ints a, Ints b) { return _mm256_unpacklo_epi8(a, b); }
  static Ints hi8(Ints a, Ints b) { return _mm256_unpackhi_epi8(a, b); }
  static Ints lo16(Ints a, Ints b) { return _mm256_unpacklo_epi16(a, b); }
  static Ints hi16(Ints a, Ints b) { return _mm256_unpackhi_epi16(a, b); }
  static Ints dot(Ints sum, Ints a, Ints w) { return _mm256_dpbusd_epi32(sum, a, w); }
  static Ints level(Ints sum, Floats scale, Floats bias, const Bounds& b) {
    const Floats real = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, bias);
    const Floats most = _mm256_set1_ps(kMost);
    return _mm256_cvtps_epi32(_mm256_min_ps(most, _mm256_max_ps(_mm256_set1_ps(b.lo), real)));
  }
  static Ints pack(const Ints (&q)[4], const Bounds& b) {
    const Ints z = _mm256_set1_epi16(b.zero);
    const Ints bytes = _mm256_packus_epi16(_mm256_adds_epi16(_mm256_packs_epi32(q[0], q[1]), z),
                                           _mm256_adds_epi16(_mm256_packs_epi32(q[2], q[3]), z));
    return _mm256_min_epu8(_mm256_set1_epi8(b.hi), bytes);
  }
};

// P pixels of a block, whose constants are at w. Columns that two pixels share are loaded once.
template <class V, int P, int Stride>
inline void strip(const DotDepthwiseRun& job, const Bounds& bounds, int64_t x, int64_t c,
                  const float* w, typename V::Mask mask) {
  using Ints = typename V::Ints;
  constexpr int kColumns = (P - 1) * Stride + 3;
  constexpr int kN = V::kChannels / 4;
  Ints sum[P][4];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) {
    THAW_UNROLL
    for (int q = 0; q < 4; ++q) sum[p][q] = V::load(w + (20 + q) * kN);
  }
  THAW_UNROLL
  for (int i = 0; i < kColumns; ++i) {
    const int64_t at = (x * Stride + i) * job.step + c;
    const Ints r0 = V::load(mask, job.rows[0] + at);
    const Ints r1 = V::load(mask, job.rows[1] + at);
    const Ints r2 = V::load(mask, job.rows[2] + at);
    const Ints lo01 = V::lo8(r0, r1);
    const Ints hi01 = V::hi8(r0, r1);
    const Ints lo2 = V::lo8(r2, V::none());
    const Ints hi2 = V::hi8(r2, V::none());
    const Ints column[4] = {V::lo16(lo01, lo2), V::hi16(lo01, lo2), V::lo16(hi01, hi2),
                            V::hi16(hi01, hi2)};
    THAW_UNROLL
    for (int p = 0; p < P; ++p) {
      const int kx = i - p * Stride;
      if (kx < 0 || kx > 2) continue;
      THAW_UNROLL
      for (int q = 0; q < 4; ++q)
        sum[p][q] = V::dot(sum[p][q], column[q], V::load(w + (kx * 4 + q) * kN));
    }
  }
  THAW_UNROLL
  for (int p = 0; p < P; ++p) {
    Ints level[4];
    THAW_UNROLL
    for (int q = 0; q < 4; ++q)
      level[q] = V::level(sum[p][q], V::load_floats(w + (12 + q) * kN),
                          V::load_floats(w + (16 + q) * kN), bounds);
    V::store(mask, V::pack(level, bounds), job.out + (x + p) * job.out_step + c);
  }
}

template <class V, int Stride>
void run_block(const DotDepthwiseRun& job, const Bounds& bounds, int64_t c, const float* w) {
  constexpr int kPixels = 4;
  using Mask = typename V::Mask;
  const int64_t left = job.channels - c;
  const Mask mask = left >= V::kChannels ? ~Mask{0} : (Mask{1} << left) - 1;
  int64_t x = 0;
  for (; x + kPixels <= job.count; x += kPixels)
    strip<V, kPixels, Stride>(job, bounds, x, c, w, mask);
  for (; x < job.count; ++x) strip<V, 1, Stride>(job, bounds, x, c, w, mask);
}

template <int Stride>
void run_stride(const DotDepthwiseRun& job) {
  const auto* w = static_cast<const float*>(job.blocks);
  const Bounds bounds(job);
  for (int64_t c = 0; c < job.channels; c += Wide::kChannels, w += 24 * Wide::kChannels / 4) {
    if (job.channels - c > Half::kChannels) {
      run_block<Wide, Stride>(job, bounds, c, w);
    } else {
      run_block<Half, Stride>(job, bounds, c, w);
    }
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
const DotDepthwise kDepthwiseUInt8 = {DotLayout::kColumns, run};

}  // namespace thaw::cpu::avx512vnni
