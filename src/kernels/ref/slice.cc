// Reference kernels of Slice and StridedSlice.
#include <fmt/core.h>

#include <algorithm>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

bool bit(int64_t mask, size_t i) { return i < 32 && (mask >> i & 1); }

// One dimension of the input, as the masks and numbers pick from it.
struct Range {
  int64_t begin = 0;
  int64_t stride = 1;
  int64_t extent = 0;
};

Range pick(int64_t begin, int64_t end, int64_t stride, bool open_begin, bool open_end,
           int64_t dim) {
  const int64_t low = stride > 0 ? 0 : -1;
  const int64_t high = stride > 0 ? dim : dim - 1;
  const auto canonical = [&](int64_t x, bool open, int64_t otherwise) {
    return open ? otherwise : std::clamp(x < 0 ? x + dim : x, low, high);
  };
  Range r;
  r.stride = stride;
  r.begin = canonical(begin, open_begin, stride > 0 ? low : high);
  const int64_t last = canonical(end, open_end, stride > 0 ? high : low);
  const int64_t span = last - r.begin;
  if (span != 0 && (span < 0) == (stride < 0)) r.extent = span / stride + (span % stride ? 1 : 0);
  if (r.extent <= 1) r.stride = 1;  // no step is made, however far it would lead
  return r;
}

Range pick_one(int64_t index, int64_t stride, int axis, int64_t dim) {
  const int64_t at = index < 0 ? index + dim : index;
  if (stride <= 0) fail("StridedSlice", "a single index needs a positive stride");
  if (at < 0 || at >= dim)
    fail("StridedSlice",
         fmt::format("index {} of dimension {} is out of bounds (extent {})", index, axis, dim));
  return {at, 1, 1};
}

}  // namespace

void run(const Slice&, RunContext& context) {
  const Tensor& x = context.input(0);
  const std::vector<int64_t> begin = int_vector("Slice", context.input(1), "begin");
  const std::vector<int64_t> size = int_vector("Slice", context.input(2), "size");
  if (begin.size() != x.shape().size() || size.size() != x.shape().size())
    fail("Slice", fmt::format("begin has {} and size {} entries for {}", begin.size(), size.size(),
                              x.shape().str()));
  Shape shape;
  int64_t offset = 0;
  const auto from = strides_of(x.shape());
  for (size_t i = 0; i < begin.size(); ++i) {
    const int64_t dim = x.dim(static_cast<int>(i));
    const int64_t extent = size[i] == -1 ? dim - begin[i] : size[i];
    if (begin[i] < 0 || begin[i] > dim || extent < 0 || extent > dim - begin[i])
      fail("Slice", fmt::format("begin {} and size {} leave dimension {} of {}", begin[i], size[i],
                                i, x.shape().str()));
    shape.push_back(extent);
    offset += begin[i] * from[i];
  }
  Tensor& out = context.output(0, x.dtype(), shape);
  const auto to = strides_of(shape);
  std::vector<CopyDim> dims;
  for (size_t i = 0; i < begin.size(); ++i)
    dims.push_back({shape[static_cast<int>(i)], from[i], to[i]});
  copy_strided("Slice", x, offset, out, 0, std::move(dims));
}

// The spec's entries are matched with x's dimensions from the left; an ellipsis (at the end when
// there is none) takes all dimensions that the other entries leave; a new axis takes none.
void run(const StridedSlice& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const std::vector<int64_t> begin = int_vector("StridedSlice", context.input(1), "begin");
  const std::vector<int64_t> end = int_vector("StridedSlice", context.input(2), "end");
  const std::vector<int64_t> strides = int_vector("StridedSlice", context.input(3), "strides");
  const size_t entries = begin.size();
  if (end.size() != entries || strides.size() != entries || entries > 32)
    fail("StridedSlice", fmt::format("begin, end and strides have {}, {} and {} entries", entries,
                                     end.size(), strides.size()));
  int taken = 0;  // dimensions that entries other than the ellipsis take
  size_t ellipsis = entries;
  for (size_t i = 0; i < entries; ++i) {
    if (bit(op.ellipsis_mask, i)) {
      if (ellipsis != entries) fail("StridedSlice", "more than one ellipsis");
      ellipsis = i;
    } else if (!bit(op.new_axis_mask, i)) {
      ++taken;
    }
  }
  if (taken > x.rank())
    fail("StridedSlice", fmt::format("{} indices for {}", taken, x.shape().str()));

  Shape shape;
  int64_t offset = 0;
  std::vector<CopyDim> dims;
  const auto from = strides_of(x.shape());
  int axis = 0;
  const auto add = [&](const Range& r, bool keep) {
    offset += r.begin * from[static_cast<size_t>(axis)];
    if (keep) {
      shape.push_back(r.extent);
      dims.push_back({r.extent, r.stride * from[static_cast<size_t>(axis)], 0});
    }
    ++axis;
  };
  for (size_t i = 0; i <= entries; ++i) {
    if (i == ellipsis) {
      for (int left = x.rank() - taken; left > 0; --left) add({0, 1, x.dim(axis)}, true);
    } else if (i == entries) {
      break;
    } else if (bit(op.new_axis_mask, i)) {
      shape.push_back(1);
      dims.push_back({1, 0, 0});
    } else {
      if (strides[i] == 0) fail("StridedSlice", fmt::format("stride {} is 0", i));
      if (bit(op.shrink_axis_mask, i)) {
        add(pick_one(begin[i], strides[i], axis, x.dim(axis)), false);
      } else {
        add(pick(begin[i], end[i], strides[i], bit(op.begin_mask, i), bit(op.end_mask, i),
                 x.dim(axis)),
            true);
      }
    }
  }
  Tensor& out = context.output(0, x.dtype(), shape);
  const auto to = strides_of(shape);
  for (size_t i = 0; i < dims.size(); ++i) dims[i].to_stride = to[i];
  copy_strided("StridedSlice", x, offset, out, 0, std::move(dims));
}

}  // namespace thaw::ref
