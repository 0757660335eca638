#include "kernels/cpu/simd/vec_generic.h"
#define THAW_ISA generic
#include "kernels/cpu/elementwise/convert_impl.h"

namespace thaw::cpu::generic {

extern const NarrowKernels kNarrowKernels;
const NarrowKernels kNarrowKernels = {widen, finish, quantize};

}  // namespace thaw::cpu::generic
