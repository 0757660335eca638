// What the null device runs.
#pragma once

#include "kernels/kernel.h"

namespace thaw {

// The reference kernels under names of their own, for planned tensors of numbers, but for
// non-maximum suppression. Those of layers use all that a device offers: their filter is a piece in
// the device's memory, beside it lies something that stands for compiled code, and they compute
// from a copy of the filter in their scratch, so that scratch that is not theirs gives wrong
// results.
KernelTable null_kernels();

}  // namespace thaw
