#define THAW_ISA generic
#include "kernels/cpu/nms/nms_loops_impl.h"

namespace thaw::cpu::generic {

extern const NmsLoops kNmsLoops;
const NmsLoops kNmsLoops = {filter, hidden};

}  // namespace thaw::cpu::generic
