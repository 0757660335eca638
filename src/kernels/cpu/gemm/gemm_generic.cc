#include <utility>

#include "kernels/cpu/simd/vec_generic.h"
#define THAW_ISA generic
#include "kernels/cpu/gemm/gemm_impl.h"

namespace thaw::cpu::generic {

extern const GemmKernels kGemmKernels;
const GemmKernels kGemmKernels = make_gemm_kernels<2, 6, 4, 2, 2>();

}  // namespace thaw::cpu::generic
