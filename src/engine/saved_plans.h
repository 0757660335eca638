// What thaw keeps in an optimised SavedModel, in assets.extra/thaw: plans and manifest.json.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/build_engine.h"
#include "engine/plan_file.h"
#include "thaw/options.h"

namespace thaw {

// manifest.json: which plans there are, and what a plan for another shape is to be built with.
struct Manifest {
  struct Entry {
    std::string file;  // within the folder
    std::vector<Shape> shapes;
  };
  std::string version;  // of the thaw that wrote it, for people
  std::string device;
  std::string identity;  // Device::identity; empty in manifests of older versions
  Precision precision = Precision::kFloat32;
  int max_cached_engines = 4;
  bool allow_build = true;        // where the model runs
  size_t max_workspace_size = 0;  // as EngineOptions have them
  int minimum_segment_size = kMinimumSegmentSize;
  std::shared_ptr<const Calibration> calibration;  // null when there is none
  uint64_t model_bytes = 0;                        // of saved_model.pb and variables/
  uint32_t model_crc = 0;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<Entry> plans;
};

// saved_model.pb and variables/ as one number: plans are good for these bytes alone.
uint64_t model_mark(const Manifest& manifest);
// Reads all of them, for a manifest's model_bytes and model_crc.
void mark_model(const std::string& saved_model, Manifest& manifest);

void write_manifest(const std::string& folder, const Manifest& manifest);
// Throws InputError when it is not there, damaged or of another format.
Manifest read_manifest(const std::string& folder);

// "assets.extra/thaw" below a SavedModel.
std::string plan_folder(const std::string& saved_model);

// The plans of one SavedModel.
class SavedPlans {
 public:
  // Null, with a word to `log`, when the folder has none that can be used: no manifest, a damaged
  // one, or another model beside it.
  static std::shared_ptr<const SavedPlans> open(const std::string& saved_model, const Log& log);

  const Manifest& manifest() const { return manifest_; }
  // The plan that serves these shapes; nothing where there is none, or where it does not fit this
  // processor or is not whole: then `fault` says what is wrong with which file.
  std::optional<PlanFile> find(const std::vector<Shape>& shapes, Precision precision,
                               const Device& device, const Log& log, std::string& fault) const;

 private:
  std::string path_;  // of the SavedModel
  Manifest manifest_;
};

// As plain text: "1x720x1280x3", several joined by ", "; "?" for what is open.
std::string shapes_text(const std::vector<Shape>& shapes);

}  // namespace thaw
