// The inner loops of multi-class NMS, compiled once for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thaw::cpu {

// Boxes that were chosen, coordinate by coordinate: ymin <= ymax, xmin <= xmax, area their product.
struct ChosenBoxes {
  const float* ymin;
  const float* xmin;
  const float* ymax;
  const float* xmax;
  const float* area;
  int64_t count;  // the arrays are readable up to the next multiple of kNmsLanes
};
constexpr int64_t kNmsLanes = 16;

struct NmsBox {
  float ymin, xmin, ymax, xmax, area;
};

struct FilterJob {
  const float* x;  // [rows][stride], of which the first `columns` of a row count
  uint32_t rows;
  uint32_t columns;
  uint32_t stride;
  float above;
  float upto;
};

struct NmsLoops {
  // Writes the positions (from job.x) of all x in (above, upto] to `found`, row by row, and returns
  // their count. NaN is in no range. `found` has room for rows * columns + kNmsLanes.
  size_t (*filter)(const FilterJob& job, uint32_t* found);
  // Whether TensorFlow's IoU of `box` with one of the chosen is not <= threshold (NaN is not).
  bool (*hidden)(const NmsBox& box, const ChosenBoxes& chosen, float threshold);
};

}  // namespace thaw::cpu
