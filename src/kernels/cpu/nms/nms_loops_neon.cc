#define THAW_ISA neon
#include "kernels/cpu/nms/nms_loops_impl.h"

namespace thaw::cpu::neon {

extern const NmsLoops kNmsLoops;
const NmsLoops kNmsLoops = {filter, hidden};

}  // namespace thaw::cpu::neon
