// Tensors made of shapes and numbers.
#pragma once

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

// (x) -> its shape. TF: Shape.
struct ShapeOf {
  static constexpr const char* kName = "ShapeOf";
  DType dtype = DType::kInt32;
  template <class F>
  static void fields(F&& f) {
    f("dtype", &ShapeOf::dtype);
  }
};

// (x) -> the number of its elements. TF: Size.
struct Size {
  static constexpr const char* kName = "Size";
  DType dtype = DType::kInt32;
  template <class F>
  static void fields(F&& f) {
    f("dtype", &Size::dtype);
  }
};

// (x) -> int32 scalar. TF: Rank.
THAW_PLAIN_OP(Rank)
// (shape, value scalar) -> TF: Fill.
THAW_PLAIN_OP(Fill)
// (start, limit, delta) -> vector; limit is not part of it. TF: Range.
THAW_PLAIN_OP(Range)

// (indices, depth, on value, off value) -> TF: OneHot.
struct OneHot {
  static constexpr const char* kName = "OneHot";
  int64_t axis = -1;
  template <class F>
  static void fields(F&& f) {
    f("axis", &OneHot::axis);
  }
};

// (axis, shape...) -> for each shape the offset of its part in the concatenation. TF: ConcatOffset.
THAW_PLAIN_OP(ConcatOffset)

}  // namespace thaw
