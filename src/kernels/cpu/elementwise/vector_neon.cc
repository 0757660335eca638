#include "kernels/cpu/simd/vec_neon.h"
#define THAW_ISA neon
#include "kernels/cpu/elementwise/vector_impl.h"

namespace thaw::cpu::neon {

extern const VectorKernels kVectorKernels;
const VectorKernels kVectorKernels = make_vector_kernels();

}  // namespace thaw::cpu::neon
