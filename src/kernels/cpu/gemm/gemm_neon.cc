#include <utility>

#include "kernels/cpu/simd/vec_neon.h"
#define THAW_ISA neon
#include "kernels/cpu/gemm/gemm_impl.h"

namespace thaw::cpu::neon {

extern const GemmKernels kGemmKernels;
const GemmKernels kGemmKernels = make_gemm_kernels<3, 12, 12, 8, 6>();

}  // namespace thaw::cpu::neon
