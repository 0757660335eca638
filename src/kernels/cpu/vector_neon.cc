#include "kernels/cpu/vec_neon.h"
#define THAW_ISA neon
#include "kernels/cpu/math_impl.h"
#include "kernels/cpu/vector_impl.h"

namespace thaw::cpu::neon {

extern const VectorKernels kVectorKernels;
const VectorKernels kVectorKernels = make_vector_kernels();

}  // namespace thaw::cpu::neon
