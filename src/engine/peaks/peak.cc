#include "engine/peaks/peak.h"

#include "base/cpu_features.h"

namespace thaw::cpu {

#define THAW_PEAK(isa, loop)  \
  namespace isa {             \
  extern const PeakLoop loop; \
  }
#define THAW_MEMORY(isa)                 \
  namespace isa {                        \
  extern const MemoryLoops kMemoryLoops; \
  }

THAW_PEAK(generic, kFloat32Peak)
THAW_MEMORY(generic)
#if defined(__x86_64__)
THAW_PEAK(avx2, kFloat32Peak)
THAW_PEAK(avx2, kInt8Peak)
THAW_MEMORY(avx2)
THAW_PEAK(avx512, kFloat32Peak)
THAW_PEAK(avx512, kInt8Peak)
THAW_MEMORY(avx512)
THAW_PEAK(avx512vnni, kInt8Peak)
THAW_PEAK(avx512bf16, kBFloat16Peak)
THAW_PEAK(amx, kFloat32Peak)
THAW_PEAK(amx, kFloat16Peak)
THAW_PEAK(amx, kBFloat16Peak)
THAW_PEAK(amx, kInt8Peak)
#elif defined(__aarch64__)
THAW_PEAK(neon, kFloat32Peak)
THAW_MEMORY(neon)
#endif
#undef THAW_PEAK
#undef THAW_MEMORY

std::vector<PeakLoop> peak_loops() {
  struct Row {
    Isa isa;
    const PeakLoop* loop;
  };
  static const Row kRows[] = {
    {Isa::kGeneric, &generic::kFloat32Peak},
#if defined(__x86_64__)
    {Isa::kAvx2, &avx2::kFloat32Peak},
    {Isa::kAvx2, &avx2::kInt8Peak},
    {Isa::kAvx512, &avx512::kFloat32Peak},
    {Isa::kAvx512, &avx512::kInt8Peak},
    {Isa::kAvx512Vnni, &avx512vnni::kInt8Peak},
    {Isa::kAvx512Bf16, &avx512bf16::kBFloat16Peak},
    {Isa::kAmx, &amx::kFloat32Peak},
    {Isa::kAmx, &amx::kFloat16Peak},
    {Isa::kAmx, &amx::kBFloat16Peak},
    {Isa::kAmx, &amx::kInt8Peak},
#elif defined(__aarch64__)
    {Isa::kNeon, &neon::kFloat32Peak},
#endif
  };
  std::vector<PeakLoop> loops;
  for (const Row& row : kRows)
    if (isa_enabled(row.isa)) loops.push_back(*row.loop);
  return loops;
}

const MemoryLoops& memory_loops() {
#if defined(__x86_64__)
  if (isa_enabled(Isa::kAvx512)) return avx512::kMemoryLoops;
  if (isa_enabled(Isa::kAvx2)) return avx2::kMemoryLoops;
#elif defined(__aarch64__)
  if (isa_enabled(Isa::kNeon)) return neon::kMemoryLoops;
#endif
  return generic::kMemoryLoops;
}

}  // namespace thaw::cpu
