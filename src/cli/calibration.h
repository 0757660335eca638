// --precision, --calibrate and --calibration made ready for an engine.
#pragma once

#include <string>

#include "thaw/files.h"
#include "thaw/model.h"

namespace CLI {
class App;
}  // namespace CLI

namespace thaw::cli {

struct RunOptions;

// Where few-bit layers' ranges come from: photographs, or a table.
struct CalibrationArguments {
  std::string images;
  std::string method = "mse";
  int pictures = 32;  // so many of the photographs at most
  bool per_channel = false;
  std::string read;   // a table
  std::string write;  // where the table goes

  bool asked() const { return !images.empty() || !read.empty(); }
  void tell_files(OutputRule& rule) const;
};
void add_calibration_options(CLI::App& app, CalibrationArguments& arguments,
                             const std::string& group);

// A detector by its outputs: pictures of floats then hold 0 to 255.
bool names_boxes(const Model& model);

// The run's engine options for this model. With --calibration the table is read, and what it names
// and the model has not is warned of; with --calibrate and INT8 the model is run on the
// photographs: floats from 0 to 255 for a detector (one that names its boxes is known as such),
// from -1 to 1 for other models. Throws UsageError for options that don't go together.
EngineOptions calibrated_options(const RunOptions& run, const Model& model,
                                 bool is_detector = false);

}  // namespace thaw::cli
