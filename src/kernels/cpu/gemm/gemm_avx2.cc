#include <utility>

#include "kernels/cpu/simd/vec_avx2.h"
#define THAW_ISA avx2
#include "kernels/cpu/gemm/gemm_impl.h"

namespace thaw::cpu::avx2 {

extern const GemmKernels kGemmKernels;
const GemmKernels kGemmKernels = make_gemm_kernels<2, 8, 6, 4, 2>();

}  // namespace thaw::cpu::avx2
