// bfloat16 activations and weights; denormal numbers count as zeros.
#include <immintrin.h>

#include <cstdint>

namespace thaw::cpu::avx512bf16 {

struct Dot {
  using Sum = float;
  using Acc = __m512;
  static Acc zero() { return _mm512_setzero_ps(); }
  static Acc add(Acc sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
  }
};

}  // namespace thaw::cpu::avx512bf16

#define THAW_ISA avx512bf16
#include "kernels/cpu/dot/dot_impl.h"

namespace thaw::cpu::avx512bf16 {

extern const DotKernels kDotBFloat16;
const DotKernels kDotBFloat16 = {kPanelVectors, tile_rows(kPanelVectors), any_groups, run_dot};

}  // namespace thaw::cpu::avx512bf16
