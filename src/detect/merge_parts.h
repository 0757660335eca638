// Detections of overlapping parts of a picture as those of the picture: what several parts saw is
// told once, what a border cut is put together.
#pragma once

#include <vector>

#include "media/draw.h"
#include "thaw/detection.h"

namespace thaw {

struct PartDetections {
  PixelBox part;                 // of the picture
  std::vector<Detection> found;  // boxes in 0..1 of the part
};

// All parts lie in `area`; their borders inside it are where objects are cut. Best score first,
// detections of one class and of different parts are one object when
// - they overlap with an IoU of 0.5 or more;
// - 0.7 of a cut one (of the smaller one, when both are cut) lies in the other;
// - both are cut by a border, each reaches the other's, and side by side they are about as long.
// It has the best score, and the box that no border cut, or else the best one's, or the union of
// halves. What scores less than 0.3 of the best one changes no box. Those of one part are never
// merged. Boxes in 0..1 of the picture, best score first; a single part keeps its order.
std::vector<Detection> merge_parts(const std::vector<PartDetections>& parts, const PixelBox& area,
                                   int picture_width, int picture_height);

}  // namespace thaw
