#include <immintrin.h>

#include "engine/peaks/peak.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::avx512bf16 {
namespace {

constexpr int kSums = 24;

void multiply_pairs(int64_t turns) {
  const __m512i halves = _mm512_set1_epi16(0x3f00);  // 0.5
  __m512 sums[kSums];
  THAW_UNROLL
  for (int i = 0; i < kSums; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  for (int64_t t = 0; t < turns; ++t) {
    THAW_UNROLL
    for (int i = 0; i < kSums; ++i)
      sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)halves, (__m512bh)halves);
  }
  __m512 out[kSums];
  THAW_UNROLL
  for (int i = 0; i < kSums; ++i) out[i] = sums[i];
  asm volatile("" ::"r"(out) : "memory");
}

}  // namespace

extern const PeakLoop kBFloat16Peak;
const PeakLoop kBFloat16Peak = {DType::kBFloat16, "AVX512-BF16", kSums * 32, multiply_pairs};

}  // namespace thaw::cpu::avx512bf16
