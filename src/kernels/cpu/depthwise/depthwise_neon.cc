#include "kernels/cpu/simd/vec_neon.h"
#define THAW_ISA neon
#include "kernels/cpu/depthwise/depthwise_impl.h"

namespace thaw::cpu::neon {

extern const DepthwiseKernels kDepthwiseKernels;
const DepthwiseKernels kDepthwiseKernels = {depthwise_pixels, depthwise_run3x3};

}  // namespace thaw::cpu::neon
