// What follows one image's NonMaxSuppression branches: the outer half of
// recognise_multi_class_nms.
#pragma once

#include "passes/nms_classes.h"

namespace thaw {

// One result, followed backwards from its padding.
struct NmsEnd {
  ValueId result = kNone;   // Pad's output
  int64_t rows = 0;         // of it: the most detections
  ValueId count = kNone;    // the detections of this image
  ValueId ordered = kNone;  // the rows that were cut and padded
};
std::optional<NmsEnd> match_nms_end(const Graph& graph, Extents& extents, const Node& pad);

struct NmsTail {
  int64_t max_total = 0;
  const Node* first_sort = nullptr;  // TopK over all classes
  ValueId all_boxes = kNone;         // that it put in order
  ValueId clipped = kNone;           // the ordered boxes cut to the window
  ValueId kept = kNone;              // indices of those that have an area
  ValueId scores = kNone;            // of those
  const Node* last_sort = nullptr;   // TopK over them
  std::vector<FloatElement> window;  // ymin, xmin, ymax, xmax
  NmsClasses classes;
};
std::optional<NmsTail> match_nms_tail(const Graph& graph, Extents& extents, const NmsEnd& end);

struct NmsResult {
  enum class Kind { kBoxes, kScores, kLabels, kField } kind = Kind::kField;
  bool in_window_frame = false;  // kBoxes
  NmsField field;                // kField
};
std::optional<NmsResult> match_nms_result(const Graph& graph, Extents& extents, const NmsTail& tail,
                                          ValueId ordered);

}  // namespace thaw
