#include "kernels/cpu/simd/vec_generic.h"
#define THAW_ISA generic
#include "kernels/cpu/depthwise/depthwise_impl.h"

namespace thaw::cpu::generic {

extern const DepthwiseKernels kDepthwiseKernels;
const DepthwiseKernels kDepthwiseKernels = {depthwise_pixels, depthwise_run3x3};

}  // namespace thaw::cpu::generic
