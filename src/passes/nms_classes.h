// One image's NonMaxSuppression branches, class by class: the inner half of
// recognise_multi_class_nms.
#pragma once

#include <optional>

#include "passes/extents.h"
#include "passes/match.h"

namespace thaw {

// The first `valid` rows of a tensor [n, ...].
struct ValidRows {
  ValueId base = kNone;
  ValueId valid = kNone;  // an int32 scalar; kNone: all
  bool operator==(const ValidRows& o) const { return base == o.base && valid == o.valid; }
};

// What the graph's reshapes and slices before the branches leave of `value` [rows, ...]. Reshapes
// that keep the rows are looked through, whatever they make of the rest.
ValidRows valid_rows(const Graph& graph, Extents& extents, ValueId value);

struct ClassBranch {
  const Node* nms = nullptr;
  ValueId indices = kNone;  // the chosen boxes', padded with 0 to the slots
};

struct NmsClasses {
  std::vector<ClassBranch> branches;
  float iou_threshold = 0;
  float score_threshold = 0;
  int64_t max_per_class = 0;
  Extent slots;             // rows of each class after padding
  ValidRows boxes;          // n rows of q * 4 floats
  int64_t box_classes = 1;  // q
  ValidRows scores;         // [n, classes]
};

// `scores`: the scores of all classes after NMS, padded with -1, one class after the other.
std::optional<NmsClasses> match_nms_classes(const Graph& graph, Extents& extents, ValueId scores);

// What a tensor [classes * slots, ...] beside the scores holds.
struct NmsField {
  enum class Kind { kLabels, kBoxes, kRows } kind = Kind::kRows;
  ValidRows rows;          // kRows: gathered from these
  ValueId source = kNone;  // kRows: rows as the branches see them
};
std::optional<NmsField> match_nms_field(const Graph& graph, Extents& extents,
                                        const NmsClasses& classes, ValueId field);

}  // namespace thaw
