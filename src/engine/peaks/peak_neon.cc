#include "kernels/cpu/simd/vec_neon.h"
#define THAW_ISA neon
#include "engine/peaks/peak_impl.h"

namespace thaw::cpu::neon {

constexpr int kSums = 24;
extern const PeakLoop kFloat32Peak;
const PeakLoop kFloat32Peak = {DType::kFloat32, "FMA, 128 bits", kSums* Vec::kWidth,
                               multiply_add<kSums>};
extern const MemoryLoops kMemoryLoops;
const MemoryLoops kMemoryLoops = {read_memory, copy_memory};

}  // namespace thaw::cpu::neon
