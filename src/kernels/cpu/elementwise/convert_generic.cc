#include "kernels/cpu/simd/vec_generic.h"
#define THAW_ISA generic
#include "kernels/cpu/elementwise/convert_impl.h"

namespace thaw::cpu::generic {

extern const ConvertKernels kConvertKernels;
const ConvertKernels kConvertKernels = {widen, epilogue, quantize};

}  // namespace thaw::cpu::generic
