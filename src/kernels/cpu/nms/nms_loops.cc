#include "kernels/cpu/nms/nms_loops.h"

namespace thaw::cpu {

namespace generic {
extern const NmsLoops kNmsLoops;
}
#if defined(__x86_64__)
namespace avx2 {
extern const NmsLoops kNmsLoops;
}
namespace avx512 {
extern const NmsLoops kNmsLoops;
}
#elif defined(__aarch64__)
namespace neon {
extern const NmsLoops kNmsLoops;
}
#endif

const NmsLoops& nms_loops(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx512:
      return avx512::kNmsLoops;
    case Isa::kAvx2:
      return avx2::kNmsLoops;
#elif defined(__aarch64__)
    case Isa::kNeon:
      return neon::kNmsLoops;
#endif
    default:
      return generic::kNmsLoops;
  }
}

}  // namespace thaw::cpu
