#include "kernels/cpu/simd/vec_avx2.h"
#define THAW_ISA avx2
#include "kernels/cpu/elementwise/convert_impl.h"

namespace thaw::cpu::avx2 {

extern const ConvertKernels kConvertKernels;
const ConvertKernels kConvertKernels = {widen, epilogue, quantize};

}  // namespace thaw::cpu::avx2
