#include "kernels/cpu/simd/vec_avx2.h"
#define THAW_ISA avx2
#include "kernels/cpu/depthwise/depthwise_impl.h"

namespace thaw::cpu::avx2 {

extern const DepthwiseKernels kDepthwiseKernels;
const DepthwiseKernels kDepthwiseKernels = {depthwise_pixels, depthwise_run3x3};

}  // namespace thaw::cpu::avx2
