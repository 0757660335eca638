// TF's StridedSlice, resolved: which elements of each axis it takes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ops/layout.h"

namespace thaw {

// One axis of the input: begin, begin + stride, ... so many elements (kUnknownDim when that is not
// known, and then begin and stride mean nothing).
struct SlicedAxis {
  int64_t begin = 0;
  int64_t stride = 1;
  int64_t extent = kUnknownDim;
};

struct SlicedAxes {
  std::vector<SlicedAxis> axes;  // one for each axis of the input
  Shape result;                  // with new axes put in and shrunk ones left out
  std::string error;             // why it is impossible; empty when it is not
};

// x must have a rank; begin, end and strides must be equally long. Entries may be unknown.
SlicedAxes resolve_strided_slice(const StridedSlice& op, const Shape& x,
                                 const std::vector<std::optional<int64_t>>& begin,
                                 const std::vector<std::optional<int64_t>>& end,
                                 const std::vector<std::optional<int64_t>>& strides);

}  // namespace thaw
