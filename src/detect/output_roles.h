// Which of a model's outputs are a detector's.
#pragma once

#include <string>
#include <vector>

#include "thaw/detection.h"
#include "thaw/options.h"

namespace thaw {

// Places among the outputs.
struct OutputPlaces {
  int boxes = -1;
  int scores = -1;
  int classes = -1;
  int num = -1;  // -1: every row is a detection
};

// The output with this name or tensor ("a/b", "a/b:0"); -1 when there is none.
int find_output(const std::vector<TensorInfo>& outputs, const std::string& name);

// As `roles` says. What it leaves open goes by name: "detection_boxes", then that below scopes
// ("import/detection_boxes"), then that made unique ("detection_boxes_1"); and what no name tells
// by type and shape, where only one output can be it: boxes [batch,n,4], scores float [batch,n],
// classes [batch,n] and the number of detections [batch], all with or without the batch. Throws
// InputError, listing the outputs, when boxes, scores or classes can't be told, UsageError for a
// role whose tensor is no output.
OutputPlaces find_outputs(const std::vector<TensorInfo>& outputs, const OutputRoles& roles,
                          const std::string& path);

}  // namespace thaw
