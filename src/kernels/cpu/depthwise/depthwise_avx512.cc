#include "kernels/cpu/simd/vec_avx512.h"
#define THAW_ISA avx512
#include "kernels/cpu/depthwise/depthwise_impl.h"

namespace thaw::cpu::avx512 {

extern const DepthwiseKernels kDepthwiseKernels;
const DepthwiseKernels kDepthwiseKernels = {depthwise_pixels, depthwise_run3x3};

}  // namespace thaw::cpu::avx512
