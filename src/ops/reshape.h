// What a -1 among the sizes of a Reshape stands for.
#pragma once

#include "thaw/tensor.h"

namespace thaw {

// TensorFlow's rule for the extent at `open` of `sizes`, whose own value there does not count: what
// is left of the input's elements. Where another size is 0, extents of 0 count on neither side, so
// that [0,7] reshapes to [0,-1] as [0,7]. The result may not fit: the number of elements decides.
int64_t open_extent(const Shape& in, const Shape& sizes, int open);

}  // namespace thaw
