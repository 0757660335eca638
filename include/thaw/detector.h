// Photographs in, detections out: an engine with the pictures and labels around it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "thaw/detection.h"
#include "thaw/engine.h"
#include "thaw/picture.h"
#include "thaw/request.h"

namespace thaw {

// Model::load for a detector whose tensors may be no outputs: those that `roles` names join the
// outputs, or are the outputs when boxes, scores and classes are named.
Model load_detector(const std::string& path, const ModelOptions& options, const OutputRoles& roles);

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
  Detector(Detector&&) noexcept;
  ~Detector();

  // Best score first, in the model's order. With a region or tiles (thaw/detection.h) boxes still
  // are those of the whole picture, and nothing comes twice. Throws UsageError for such options out
  // of range.
  std::vector<Detection> detect(const Picture& picture, const DetectOptions& options = {});
  // Pictures of one size as one batch.
  std::vector<std::vector<Detection>> detect_batch(const std::vector<const Picture*>& pictures,
                                                   const DetectOptions& options = {});
  // Of the latest detect or detect_batch: all its runs together, cropping and merging included.
  StageTimes last_stages() const;
  const Engine& engine() const;
  const Request& request() const;  // that the latest detect ran on
  const std::string& label(int class_id) const;
  // Ids of the labels called so; throws InputError, naming near ones, when there is none.
  std::vector<int> class_ids(const std::vector<std::string>& labels) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Boxes with labels and scores drawn on a copy.
Picture annotate(const Picture& picture, const std::vector<Detection>& detections);

}  // namespace thaw
