// Photographs in, detections out: an engine with the pictures and labels around it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thaw/detection.h"
#include "thaw/engine.h"
#include "thaw/picture.h"

namespace thaw {

// Model::load for a detector whose tensors may be no outputs: those that `roles` names join the
// outputs, or are the outputs when boxes, scores and classes are named.
Model load_detector(const std::string& path, const ModelOptions& options, const OutputRoles& roles);

// What a call of detect or detect_batch was, all its runs together.
struct DetectInfo {
  StageTimes stages;        // cropping and merging included
  bool is_planned = false;  // each run had a plan of its own (PlanInfo::is_static)
};

// A detector is immutable, its copies are the same detector (copying costs a pointer), and all its
// functions may be called from any number of threads at once. Calls at the same time run at the
// same time, each on a request (thaw/request.h) that is kept for the calls to come.
class Detector {
 public:
  // `labels` is a label map (.pbtxt, .txt) or empty: then labels are the class numbers. Which
  // output is what goes by `roles`; else by the names of the Object Detection API, below scopes and
  // with numbers behind too; else by type and shape, where only one output fits. Without a number
  // of detections every row is one. The model's input is encoded pictures or pixels, integers or
  // floats from 0 to 255, RGB or grey; pictures are brought to the height, width and batch that it
  // fixes. Throws InputError where the model is no such detector.
  Detector(const Model& model, const EngineOptions& engine_options, const std::string& labels = {},
           const OutputRoles& roles = {});

  // Best score first, in the model's order. With a region or tiles (thaw/detection.h) boxes still
  // are those of the whole picture, and nothing comes twice. `info` may be null. Throws UsageError
  // for such options out of range.
  std::vector<Detection> detect(const Picture& picture, const DetectOptions& options = {},
                                DetectInfo* info = nullptr) const;
  // Pictures of one size as one batch.
  std::vector<std::vector<Detection>> detect_batch(const std::vector<const Picture*>& pictures,
                                                   const DetectOptions& options = {},
                                                   DetectInfo* info = nullptr) const;

  // What lies before and behind the network, for those who run engine() themselves.
  // Pictures of one size as the engine's only input; it may be a view of the only picture. Of a
  // batch that the model fixes and they don't fill, the rest repeats the last.
  Tensor input(const std::vector<const Picture*>& pictures) const;
  // Of the engine's outputs, what they tell of the batch's picture `index`. Throws InputError where
  // types or shapes don't fit.
  std::vector<Detection> detections(const std::vector<Tensor>& outputs, size_t index,
                                    const DetectionFilter& filter = {}) const;

  const Engine& engine() const;
  std::string label(int class_id) const;
  // Ids of the labels called so; throws InputError, naming near ones, when there is none.
  std::vector<int> class_ids(const std::vector<std::string>& labels) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// Boxes with labels and scores drawn on a copy.
Picture annotate(const Picture& picture, const std::vector<Detection>& detections);

}  // namespace thaw
