#include <immintrin.h>

#define THAW_ISA avx2
#include "kernels/cpu/nms/nms_loops_impl.h"

namespace thaw::cpu::avx2 {
namespace {

size_t filter_avx2(const FilterJob& job, uint32_t* found) {
  const __m256 low = _mm256_set1_ps(job.above);
  const __m256 high = _mm256_set1_ps(job.upto);
  size_t n = 0;
  for (uint32_t row = 0; row < job.rows; ++row) {
    const uint32_t begin = row * job.stride;
    uint32_t column = 0;
    for (; column + 8 <= job.columns; column += 8) {
      const __m256 v = _mm256_loadu_ps(job.x + begin + column);
      const __m256 in =
          _mm256_and_ps(_mm256_cmp_ps(v, low, _CMP_GT_OQ), _mm256_cmp_ps(v, high, _CMP_LE_OQ));
      auto mask = static_cast<unsigned>(_mm256_movemask_ps(in));
      for (; mask != 0; mask &= mask - 1)
        found[n++] = begin + column + static_cast<uint32_t>(__builtin_ctz(mask));
    }
    n += filter_row(job, row, column, found + n);
  }
  return n;
}

}  // namespace

extern const NmsLoops kNmsLoops;
const NmsLoops kNmsLoops = {filter_avx2, hidden};

}  // namespace thaw::cpu::avx2
