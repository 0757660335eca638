#include "kernels/cpu/simd/vec_neon.h"
#define THAW_ISA neon
#include "kernels/cpu/elementwise/convert_impl.h"

namespace thaw::cpu::neon {

extern const ConvertKernels kConvertKernels;
const ConvertKernels kConvertKernels = {widen, epilogue, quantize};

}  // namespace thaw::cpu::neon
