// What every kernel of MultiClassNms checks and knows of its inputs before it starts.
#pragma once

#include "kernels/kernel.h"

namespace thaw {

struct MultiClassNmsSizes {
  int64_t batch = 0;
  int64_t boxes = 0;        // n
  int64_t box_classes = 1;  // q: 1, or a box for each class
  int64_t classes = 0;
  int64_t columns = 0;     // of the scores: the background's, then the classes'
  int64_t anchors = 0;     // with op.decode
  size_t first_field = 3;  // the input; fields follow to the last

  // How many of an image's boxes exist.
  static int64_t valid(const MultiClassNms& op, const RunContext& context, int64_t image);
};

// Throws InputError when the inputs don't suit the op.
MultiClassNmsSizes multi_class_nms_sizes(const MultiClassNms& op, const RunContext& context);

// The larger (smaller) of two; NaN when one of them is, as TF's Maximum and Minimum.
inline float max_or_nan(float a, float b) { return a != a || a > b ? a : b; }
inline float min_or_nan(float a, float b) { return a != a || a < b ? a : b; }

// A box cut to the window, both ymin,xmin,ymax,xmax; false when nothing of it is left.
bool clip_to_window(const float* box, const float* window, float* clipped);
// Its coordinates relative to the window.
void change_to_window_frame(const float* window, float* box);
// The encoding and the anchor of box i of the batch (of n * q an image) made a box.
void decode_box_of(const MultiClassNms& op, const MultiClassNmsSizes& sizes,
                   const RunContext& context, int64_t i, float* box);
// Row `box` of each field (a batch of rows) of an image becomes row `row` of the outputs from 4 on.
void copy_field_rows(const MultiClassNmsSizes& sizes, RunContext& context, int64_t image,
                     int64_t box, int64_t row);
// Makes all outputs, filled with zeros.
void make_multi_class_nms_outputs(const MultiClassNms& op, const MultiClassNmsSizes& sizes,
                                  RunContext& context);

}  // namespace thaw
