#define THAW_VEC_ISA avx512bf16
#include "kernels/cpu/simd/vec_avx512.h"
#define THAW_ISA avx512bf16
#include "kernels/cpu/elementwise/convert_impl.h"

namespace thaw::cpu::avx512bf16 {

extern const ConvertKernels kConvertKernels;
const ConvertKernels kConvertKernels = {widen, epilogue, quantize};

}  // namespace thaw::cpu::avx512bf16
