// A detector's output tensors as detections.
#pragma once

#include <cstdint>
#include <vector>

#include "detect/label_map.h"
#include "thaw/detection.h"
#include "thaw/tensor.h"

namespace thaw {

// The tensors that the Object Detection API's exporter names num_detections [batch],
// detection_boxes [batch,n,4], detection_scores [batch,n] and detection_classes [batch,n]; floats,
// numbers and classes also integers. Of one picture the batch may be missing, and without a
// num_detections every row is a detection.
struct DetectorOutputs {
  Tensor num_detections;
  Tensor boxes;
  Tensor scores;
  Tensor classes;
};

// What was found in the batch's picture `image`, in the model's order. What can't be a detection
// (scores, boxes or classes that are no numbers) is left out. Throws InputError naming the tensor
// when types or shapes don't fit.
std::vector<Detection> collect_detections(const DetectorOutputs& outputs, int64_t image,
                                          const LabelMap& labels, const DetectionFilter& filter);

}  // namespace thaw
