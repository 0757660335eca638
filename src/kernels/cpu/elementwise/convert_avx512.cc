#include "kernels/cpu/simd/vec_avx512.h"
#define THAW_ISA avx512
#include "kernels/cpu/elementwise/convert_impl.h"

namespace thaw::cpu::avx512 {

extern const NarrowKernels kNarrowKernels;
const NarrowKernels kNarrowKernels = {widen, finish, quantize};

}  // namespace thaw::cpu::avx512
