// What COCO's evaluation and the confusion matrix share.
#pragma once

#include <vector>

#include "thaw/coco.h"

namespace thaw {

// Intersection over union; over the detection's area alone when the object is a crowd.
double coco_iou(const CocoBox& detection, const CocoBox& object, bool crowd);

// What happened to one detection in one area range; bit i stands for the i-th IoU threshold.
struct CocoVerdict {
  double score = 0;
  size_t rank = 0;  // among the picture's detections of the category, best score first
  unsigned matched = 0;
  unsigned ignored = 0;
};

// Objects of one category in one picture, and its detections, best score first.
struct CocoCell {
  std::vector<const CocoObject*> objects;
  std::vector<const CocoDetection*> detections;
};

struct CocoArea {
  double least = 0;
  double most = 0;
};

// Appends the verdicts; returns how many objects count in this area range.
size_t match_coco_cell(const CocoCell& cell, const CocoArea& area,
                       std::vector<CocoVerdict>& verdicts);

// COCO's IoU thresholds and recall steps, bit for bit as numpy's linspace gives them.
double coco_iou_threshold(size_t i);
double coco_recall_step(size_t i);

}  // namespace thaw
