#include <immintrin.h>

#include "engine/peaks/peak.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::avx512vnni {
namespace {

constexpr int kSums = 24;

void multiply_bytes(int64_t turns) {
  const __m512i x = _mm512_set1_epi8(3);
  const __m512i w = _mm512_set1_epi8(5);
  __m512i sums[kSums];
  THAW_UNROLL
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_set1_epi32(i);
  for (int64_t t = 0; t < turns; ++t) {
    THAW_UNROLL
    for (int i = 0; i < kSums; ++i) sums[i] = _mm512_dpbusd_epi32(sums[i], x, w);
  }
  __m512i out[kSums];
  THAW_UNROLL
  for (int i = 0; i < kSums; ++i) out[i] = sums[i];
  asm volatile("" ::"r"(out) : "memory");
}

}  // namespace

extern const PeakLoop kInt8Peak;
const PeakLoop kInt8Peak = {DType::kInt8, "AVX512-VNNI", kSums * 64, multiply_bytes};

}  // namespace thaw::cpu::avx512vnni
