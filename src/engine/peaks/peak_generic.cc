#include "kernels/cpu/simd/vec_generic.h"
#define THAW_ISA generic
#include "engine/peaks/peak_impl.h"

namespace thaw::cpu::generic {

constexpr int kSums = 12;
extern const PeakLoop kFloat32Peak;
const PeakLoop kFloat32Peak = {DType::kFloat32, "multiply and add, 128 bits", kSums* Vec::kWidth,
                               multiply_add<kSums>};
extern const MemoryLoops kMemoryLoops;
const MemoryLoops kMemoryLoops = {read_memory, copy_memory};

}  // namespace thaw::cpu::generic
