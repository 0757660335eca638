// Parts of partitioned variables: rectangles of a tensor, their text in TensorFlow's restore ops
// and their keys in a tensor bundle.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle.pb.h"
#include "thaw/tensor.h"

namespace thaw {

// Start and length in each dimension.
struct TensorRegion {
  std::vector<int64_t> start;
  std::vector<int64_t> length;

  Shape shape() const { return Shape(length); }
};

TensorRegion region_of(const Shape& shape);  // all of it
// The region that `slice` means within `shape`; throws InputError naming `where` when it isn't one.
TensorRegion region_of(const tf::TensorSliceProto& slice, const Shape& shape,
                       const std::string& where);
// The same for slice text: "10 4 0,5:-" is the full shape, then start,length or - (all) for each
// dimension.
TensorRegion parse_slice(const std::string& text, const Shape& shape, const std::string& where);

// Copies what regions `from` (of tensor `src`) and `to` (of `dst`) have in common; both are given
// in coordinates of the same whole tensor. Returns the number of elements copied.
int64_t copy_common(const Tensor& src, const TensorRegion& from, Tensor* dst,
                    const TensorRegion& to);

// The key under which a bundle keeps one part of the tensor `name`: its parts in LevelDB's
// order-preserving encodings.
std::string slice_key(const std::string& name, const tf::TensorSliceProto& slice);

}  // namespace thaw
