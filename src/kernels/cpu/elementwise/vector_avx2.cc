#include "kernels/cpu/simd/vec_avx2.h"
#define THAW_ISA avx2
#include "kernels/cpu/elementwise/vector_impl.h"

namespace thaw::cpu::avx2 {

extern const VectorKernels kVectorKernels;
const VectorKernels kVectorKernels = make_vector_kernels();

}  // namespace thaw::cpu::avx2
