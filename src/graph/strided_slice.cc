#include "graph/strided_slice.h"

#include <fmt/format.h>

#include <algorithm>

namespace thaw {
namespace {

using Entry = std::optional<int64_t>;

// One entry of begin, end and strides, with its bits of the masks.
struct Spec {
  Entry begin, end, stride;
  bool begin_masked = false;
  bool end_masked = false;
  bool shrink = false;
};

int64_t clamp_index(int64_t i, int64_t extent, int64_t low, int64_t high) {
  return std::clamp(i < 0 ? i + extent : i, low, high);
}

// The elements of an axis of known extent; empty string or the error.
std::string resolve_known(const Spec& spec, int64_t extent, SlicedAxis* axis) {
  const int64_t stride = *spec.stride;
  axis->stride = stride;
  if (spec.shrink) {
    if (!spec.begin) return {};
    const int64_t i = *spec.begin < 0 ? *spec.begin + extent : *spec.begin;
    if (i < 0 || i >= extent)
      return fmt::format("index {} is outside an axis of {}", *spec.begin, extent);
    *axis = {i, 1, 1};
    return {};
  }
  if ((!spec.begin_masked && !spec.begin) || (!spec.end_masked && !spec.end)) return {};
  const int64_t low = stride > 0 ? 0 : -1;
  const int64_t high = stride > 0 ? extent : extent - 1;
  axis->begin =
      spec.begin_masked ? (stride > 0 ? low : high) : clamp_index(*spec.begin, extent, low, high);
  const int64_t end =
      spec.end_masked ? (stride > 0 ? high : low) : clamp_index(*spec.end, extent, low, high);
  const int64_t span = end - axis->begin;
  axis->extent =
      span == 0 || (span < 0) != (stride < 0) ? 0 : span / stride + (span % stride != 0 ? 1 : 0);
  return {};
}

std::string resolve_axis_of(const Spec& spec, int64_t extent, SlicedAxis* axis) {
  if (spec.stride && *spec.stride == 0) return "a stride of 0";
  if (spec.shrink && spec.stride && *spec.stride < 0)
    return "only a stride of 1 goes with an index";
  if (extent >= 0 && spec.stride) return resolve_known(spec, extent, axis);
  if (spec.shrink) axis->extent = 1;
  return {};
}

}  // namespace

SlicedAxes resolve_strided_slice(const StridedSlice& op, const Shape& x,
                                 const std::vector<Entry>& begin, const std::vector<Entry>& end,
                                 const std::vector<Entry>& strides) {
  SlicedAxes out;
  const size_t n = begin.size();
  if (end.size() != n || strides.size() != n || n > 32) {
    out.error = fmt::format("begin, end and strides of {}, {} and {} elements", n, end.size(),
                            strides.size());
    return out;
  }
  const auto bit = [](int64_t mask, size_t i) { return ((mask >> i) & 1) != 0; };
  // Axes of x that the entries other than the ellipsis take.
  int taken = 0;
  int ellipses = 0;
  for (size_t i = 0; i < n; ++i) {
    if (bit(op.ellipsis_mask, i))
      ++ellipses;
    else if (!bit(op.new_axis_mask, i))
      ++taken;
  }
  if (ellipses > 1) out.error = "more than one ellipsis";
  if (taken > x.rank())
    out.error = fmt::format("{} indices into a tensor of shape {}", taken, x.str());
  if (!out.error.empty()) return out;

  const auto keep_whole = [&](int count) {
    for (int k = 0; k < count; ++k) {
      const int64_t extent = x[static_cast<int>(out.axes.size())];
      out.axes.push_back({0, 1, extent});
      out.result.push_back(extent);
    }
  };
  for (size_t i = 0; i < n; ++i) {
    if (bit(op.ellipsis_mask, i)) {
      keep_whole(x.rank() - taken);
    } else if (bit(op.new_axis_mask, i)) {
      out.result.push_back(1);
    } else {
      const Spec spec{begin[i],
                      end[i],
                      strides[i],
                      bit(op.begin_mask, i),
                      bit(op.end_mask, i),
                      bit(op.shrink_axis_mask, i)};
      const int64_t extent = x[static_cast<int>(out.axes.size())];
      SlicedAxis axis;
      out.error = resolve_axis_of(spec, extent, &axis);
      if (!out.error.empty()) return out;
      out.axes.push_back(axis);
      if (!spec.shrink) out.result.push_back(axis.extent);
    }
  }
  keep_whole(x.rank() - static_cast<int>(out.axes.size()));
  return out;
}

}  // namespace thaw
