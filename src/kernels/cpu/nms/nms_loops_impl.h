// The loops of nms_loops.h as plain code for the compiler to vectorise: included by
// nms_loops_<isa>.cc into namespace THAW_ISA.
#pragma once

#include <algorithm>

#include "kernels/cpu/nms/nms_loops.h"

namespace thaw::cpu::THAW_ISA {

inline bool hidden(const NmsBox& box, const ChosenBoxes& chosen, float threshold) {
  if (box.area <= 0) return false;
  for (int64_t at = 0; at < chosen.count; at += kNmsLanes) {
    const auto lanes = static_cast<int>(std::min(chosen.count - at, kNmsLanes));
    int32_t hides[kNmsLanes];
    for (int i = 0; i < kNmsLanes; ++i) {
      const int64_t j = at + i;
      const float ymin = std::max<float>(box.ymin, chosen.ymin[j]);
      const float xmin = std::max<float>(box.xmin, chosen.xmin[j]);
      const float ymax = std::min<float>(box.ymax, chosen.ymax[j]);
      const float xmax = std::min<float>(box.xmax, chosen.xmax[j]);
      const float common = std::max<float>(ymax - ymin, 0.0F) * std::max<float>(xmax - xmin, 0.0F);
      const float iou = common / (box.area + chosen.area[j] - common);
      hides[i] = !(iou <= threshold) & !(chosen.area[j] <= 0) & (i < lanes);
    }
    int32_t any = 0;
    for (int32_t h : hides) any |= h;
    if (any) return true;
  }
  return false;
}

// The columns of one row from `column` on.
inline size_t filter_row(const FilterJob& job, uint32_t row, uint32_t column, uint32_t* found) {
  size_t n = 0;
  for (uint32_t at = row * job.stride + column; column < job.columns; ++column, ++at) {
    found[n] = at;
    n += (job.x[at] > job.above) & (job.x[at] <= job.upto);
  }
  return n;
}

inline size_t filter(const FilterJob& job, uint32_t* found) {
  size_t n = 0;
  for (uint32_t row = 0; row < job.rows; ++row) n += filter_row(job, row, 0, found + n);
  return n;
}

}  // namespace thaw::cpu::THAW_ISA
