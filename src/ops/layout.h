// Elements move, none is computed. Each behaves as the TF op named in its comment.
#pragma once

#include <vector>

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

// (x, shape int vector; one entry may be -1) -> x. TF: Reshape.
THAW_PLAIN_OP(Reshape)
// (x, axis scalar) -> x with a dimension of 1. TF: ExpandDims.
THAW_PLAIN_OP(ExpandDims)
// (x, permutation) -> dimension i of the result is dimension permutation[i] of x. TF: Transpose.
THAW_PLAIN_OP(Transpose)
// (x..., axis scalar) -> TF: ConcatV2.
THAW_PLAIN_OP(Concat)
// (x, sizes, axis) -> one tensor for each of sizes; one size may be -1. TF: SplitV.
THAW_PLAIN_OP(SplitV)
// (x, begin, size; -1: to the end) -> TF: Slice.
THAW_PLAIN_OP(Slice)
// (x, multiples) -> TF: Tile.
THAW_PLAIN_OP(Tile)
// (x, shape) -> TF: BroadcastTo.
THAW_PLAIN_OP(BroadcastTo)
// (x, axes) -> TF: ReverseV2.
THAW_PLAIN_OP(Reverse)
// (x, indices [...,k]) -> TF: GatherNd.
THAW_PLAIN_OP(GatherNd)
// (indices, updates, shape) -> duplicates add up. TF: ScatterNd.
THAW_PLAIN_OP(ScatterNd)
// (x, block shape, paddings) -> TF: SpaceToBatchND.
THAW_PLAIN_OP(SpaceToBatch)
// (x, block shape, crops) -> TF: BatchToSpaceND.
THAW_PLAIN_OP(BatchToSpace)

// (x) -> x without the axes of extent 1 (all such when none is named). TF: Squeeze.
struct Squeeze {
  static constexpr const char* kName = "Squeeze";
  std::vector<int64_t> axes;
  template <class F>
  static void fields(F&& f) {
    f("axes", &Squeeze::axes);
  }
};

// (axis scalar, x) -> count equal parts. TF: Split.
struct Split {
  static constexpr const char* kName = "Split";
  int64_t count = 1;
  template <class F>
  static void fields(F&& f) {
    f("count", &Split::count);
  }
};

// (x...) -> stacked along a new axis. TF: Pack.
struct Pack {
  static constexpr const char* kName = "Pack";
  int64_t axis = 0;
  template <class F>
  static void fields(F&& f) {
    f("axis", &Pack::axis);
  }
};

// (x) -> count tensors along the axis, which goes. TF: Unpack.
struct Unpack {
  static constexpr const char* kName = "Unpack";
  int64_t axis = 0;
  int64_t count = 1;
  template <class F>
  static void fields(F&& f) {
    f("axis", &Unpack::axis);
    f("count", &Unpack::count);
  }
};

// (x, begin, end, strides) with TF's five bit masks. TF: StridedSlice.
struct StridedSlice {
  static constexpr const char* kName = "StridedSlice";
  int64_t begin_mask = 0;
  int64_t end_mask = 0;
  int64_t ellipsis_mask = 0;
  int64_t new_axis_mask = 0;
  int64_t shrink_axis_mask = 0;
  template <class F>
  static void fields(F&& f) {
    f("begin_mask", &StridedSlice::begin_mask);
    f("end_mask", &StridedSlice::end_mask);
    f("ellipsis_mask", &StridedSlice::ellipsis_mask);
    f("new_axis_mask", &StridedSlice::new_axis_mask);
    f("shrink_axis_mask", &StridedSlice::shrink_axis_mask);
  }
};

enum class PadMode : uint8_t { kConstant, kReflect, kSymmetric };
THAW_ENUM_NAMES(PadMode, "CONSTANT", "REFLECT", "SYMMETRIC")

// (x, paddings [rank,2], value scalar?) -> TF: Pad, PadV2, MirrorPad.
struct Pad {
  static constexpr const char* kName = "Pad";
  PadMode mode = PadMode::kConstant;
  template <class F>
  static void fields(F&& f) {
    f("mode", &Pad::mode);
  }
};

// (x, indices, axis scalar) -> slices of x. An index out of range is an error. TF: GatherV2.
struct Gather {
  static constexpr const char* kName = "Gather";
  int64_t batch_dims = 0;
  template <class F>
  static void fields(F&& f) {
    f("batch_dims", &Gather::batch_dims);
  }
};

// (x [n,h,w,c]) -> TF: DepthToSpace, SpaceToDepth (NHWC).
struct DepthToSpace {
  static constexpr const char* kName = "DepthToSpace";
  int64_t block = 2;
  template <class F>
  static void fields(F&& f) {
    f("block", &DepthToSpace::block);
  }
};
struct SpaceToDepth {
  static constexpr const char* kName = "SpaceToDepth";
  int64_t block = 2;
  template <class F>
  static void fields(F&& f) {
    f("block", &SpaceToDepth::block);
  }
};

}  // namespace thaw
