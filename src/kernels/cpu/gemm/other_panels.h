// Products in float32 on panels of another width, for a tuner to try: which width is the fastest
// depends on the layer's columns and the caches.
#pragma once

#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu {

// The level's kernels with another width of panels; null for a level that has none.
const KernelSet* other_panels(Isa isa);

}  // namespace thaw::cpu
