// Which detection of A is which of B.
#pragma once

#include <vector>

#include "thaw/compare.h"

namespace thaw {

// IoU of normalised boxes; 1 for equal ones, even empty ones.
double box_iou(const std::array<float, 4>& a, const std::array<float, 4>& b);

// Fills in `pairs` of a picture whose detections and size are known; see DetectionPair. In the
// order of A's detections, new ones last.
void match_detections(ComparedPicture& picture, float score);

// How much of a score a pair changes, all of it where the label changes or nothing is left.
double full_change(const ComparedPicture& picture, const DetectionPair& pair);

}  // namespace thaw
