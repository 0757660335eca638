// The one primitive of all ops that only move elements: a copy between two strided boxes.
#pragma once

#include <vector>

#include "kernels/ref/ref.h"

namespace thaw::ref {

struct CopyDim {
  int64_t extent;
  int64_t from_stride;  // elements; may be 0 (repeat) or negative (reverse)
  int64_t to_stride;
};

// to[to_offset + sum i_d * to_stride_d] = from[from_offset + sum i_d * from_stride_d] for all i.
void copy_strided(const char* op, const Tensor& from, int64_t from_offset, Tensor& to,
                  int64_t to_offset, std::vector<CopyDim> dims);

// Sets every element of `to` to the first element of `value`, or to zero when it is undefined.
void fill(const char* op, Tensor& to, const Tensor& value);

}  // namespace thaw::ref
