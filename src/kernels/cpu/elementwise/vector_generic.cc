#include "kernels/cpu/simd/vec_generic.h"
#define THAW_ISA generic
#include "kernels/cpu/elementwise/vector_impl.h"

namespace thaw::cpu::generic {

extern const VectorKernels kVectorKernels;
const VectorKernels kVectorKernels = make_vector_kernels();

}  // namespace thaw::cpu::generic
