#include <immintrin.h>

#define THAW_ISA avx512
#include "kernels/cpu/nms/nms_loops_impl.h"

namespace thaw::cpu::avx512 {
namespace {

size_t filter_avx512(const FilterJob& job, uint32_t* found) {
  const __m512 low = _mm512_set1_ps(job.above);
  const __m512 high = _mm512_set1_ps(job.upto);
  const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  size_t n = 0;
  for (uint32_t row = 0; row < job.rows; ++row) {
    const uint32_t begin = row * job.stride;
    for (uint32_t column = 0; column < job.columns; column += 16) {
      const uint32_t left = job.columns - column;
      const auto read = static_cast<__mmask16>(left < 16 ? (1U << left) - 1 : 0xFFFFU);
      const __m512 v = _mm512_maskz_loadu_ps(read, job.x + begin + column);
      __mmask16 in = _mm512_mask_cmp_ps_mask(read, v, low, _CMP_GT_OQ);
      if (in == 0) continue;
      in = _mm512_mask_cmp_ps_mask(in, v, high, _CMP_LE_OQ);
      const __m512i at =
          _mm512_add_epi32(_mm512_set1_epi32(static_cast<int32_t>(begin + column)), lanes);
      _mm512_storeu_si512(found + n, _mm512_maskz_compress_epi32(in, at));
      n += static_cast<size_t>(__builtin_popcount(in));
    }
  }
  return n;
}

}  // namespace

extern const NmsLoops kNmsLoops;
const NmsLoops kNmsLoops = {filter_avx512, hidden};

}  // namespace thaw::cpu::avx512
