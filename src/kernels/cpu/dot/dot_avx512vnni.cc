// uint8 activations by int8 weights.
#include <immintrin.h>

#include <cstdint>

namespace thaw::cpu::avx512vnni {

struct Dot {
  using Sum = int32_t;
  using Acc = __m512i;
  static Acc zero() { return _mm512_setzero_si512(); }
  static Acc add(Acc sum, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(sum, a, b); }
};

}  // namespace thaw::cpu::avx512vnni

#define THAW_ISA avx512vnni
#include "kernels/cpu/dot/dot_impl.h"

namespace thaw::cpu::avx512vnni {

extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {kPanelVectors, tile_rows(kPanelVectors), any_groups, run_dot};

}  // namespace thaw::cpu::avx512vnni
