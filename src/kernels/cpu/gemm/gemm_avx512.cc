#include <utility>

#include "kernels/cpu/simd/vec_avx512.h"
#define THAW_ISA avx512
#include "kernels/cpu/gemm/gemm_impl.h"

namespace thaw::cpu::avx512 {

extern const GemmKernels kGemmKernels;
const GemmKernels kGemmKernels = make_gemm_kernels<3, 12, 12, 8, 6>();

}  // namespace thaw::cpu::avx512
