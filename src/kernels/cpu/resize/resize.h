// Where the pixels of a bilinear resize come from.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu {

struct Sampling {
  int64_t height = 0;
  int64_t width = 0;
  bool align_corners = false;
  bool half_pixel_centers = false;
  float scale = 1;
  float offset = 0;
};

// Taps of `out` positions over `in`, in steps of `step` elements.
inline void fill_taps(const Sampling& s, int64_t in, int64_t out, int64_t step, ResizeTap* taps) {
  const float scale = s.align_corners && out > 1
                          ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                          : static_cast<float>(in) / static_cast<float>(out);
  for (int64_t i = 0; i < out; ++i) {
    const auto target = static_cast<float>(i);
    const float at = s.half_pixel_centers ? (target + 0.5F) * scale - 0.5F : target * scale;
    const float floor = std::floor(at);
    const int64_t low = std::clamp<int64_t>(static_cast<int64_t>(floor), 0, in - 1);
    const int64_t high = std::min(static_cast<int64_t>(std::ceil(at)), in - 1);
    taps[i] = {static_cast<int32_t>(low * step), static_cast<int32_t>(high * step), at - floor};
  }
}

// Columns from the left at which four elements may be read, because another pixel follows, and
// written, because another is to come.
inline int64_t safe_columns(const ResizeTap* columns, int64_t width, int64_t in_w,
                            int64_t channels) {
  if (channels == 4) return width;
  int64_t safe = 0;
  while (safe + 1 < width && columns[safe].right + channels < in_w * channels) ++safe;
  return safe;
}

// ResizeRow::paired.
inline ColumnRange paired_columns(const ResizeTap* columns, int64_t width, int64_t in_w,
                                  int64_t channels) {
  const auto is_paired = [&](const ResizeTap& t) {
    return (t.right == t.left + channels || t.weight == 0) && t.left + 16 <= in_w * channels;
  };
  ColumnRange range;
  while (range.begin < width && !is_paired(columns[range.begin])) ++range.begin;
  range.end = range.begin;
  while (range.end < width && is_paired(columns[range.end])) ++range.end;
  return range;
}

// Whether this file's indices hold pictures of [in_h, in_w, channels] and this size.
inline bool fits_taps(const Sampling& s, int64_t in_h, int64_t in_w, int64_t channels) {
  return s.height >= 1 && s.width >= 1 && s.height <= INT32_MAX && s.width <= INT32_MAX &&
         in_h <= INT32_MAX && in_w <= INT32_MAX / channels &&
         !(s.align_corners && s.half_pixel_centers);
}

}  // namespace thaw::cpu
