// Greedy non-maximum suppression as TensorFlow's NonMaxSuppressionV2 to V5 do it, tie for tie and
// NaN for NaN.
#pragma once

#include <cstdint>
#include <vector>

namespace thaw::ref {

struct NmsLimits {
  int64_t max_output_size = 0;
  float iou_threshold = 0.5F;
  float score_threshold = 0;
  float soft_nms_sigma = 0;
};

struct NmsResult {
  std::vector<int32_t> indices;  // in the order in which they were chosen
  std::vector<float> scores;     // lowered by soft NMS
};

// Two boxes' common part over what they cover together, 0 when one of them has no area. Boxes are
// two opposite corners y,x,y,x in any order; the order of operands matters where one holds NaN.
float intersection_over_union(const float* a, const float* b);

// boxes: 4 floats each.
NmsResult greedy_nms(const float* boxes, const float* scores, int64_t count,
                     const NmsLimits& limits);

}  // namespace thaw::ref
