// Which values the layers of a network take, seen on examples: what INT8 needs. And the table of
// such ranges as a text file, to be read, changed and used again.
// Functions may be called from any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "thaw/model.h"
#include "thaw/options.h"

namespace thaw {

struct CalibrateOptions {
  // How a range is chosen from the values seen; what lies outside is clipped to it.
  //   mse             256 levels represent the values with the least mean squared error
  //   entropy         they tell most of how the values are distributed (Kullback-Leibler)
  //   percentile:P    100 - P percent of the values lie beyond each end; P above 50, up to 100
  //   min-max         from the least to the largest
  std::string method = "mse";
  // A range for each channel of what only depthwise layers read, besides the tensor's: such a layer
  // never sums over channels, so that each may have levels of its own at no cost. Weights have a
  // scale for each output channel in any case. What other layers read has one range, for their sums
  // run over all channels.
  bool per_channel = false;
  // Told before each batch of each of the two passes over them how many are done, and of how many.
  std::function<void(size_t done, size_t total)> progress;
};

// Runs the model in float32 on the batches (inputs in the model's order, all of one shape), on
// EngineOptions::threads threads, and chooses a range for each layer's result. Throws UsageError
// when there is no batch or for an unknown method, InputError when a batch does not fit the model.
Calibration calibrate(const Model& model, const EngineOptions& options,
                      const std::vector<std::vector<Tensor>>& batches,
                      const CalibrateOptions& how = {});

// Throws UsageError for a name that CalibrateOptions::method does not know.
void check_calibration_method(const std::string& method);

// The table (docs/commands.md has its format). Reading what was written gives the same, bit for
// bit. Reading throws InputError naming file, line and layer; `name` is what errors call the text.
std::string calibration_text(const Calibration& calibration);
Calibration parse_calibration(std::string_view text, const std::string& name);
// Of a file, or of a SavedModel's folder that was optimised with one.
Calibration read_calibration(const std::string& path);
// The file appears whole or not at all; throws ResourceError naming the path.
void write_calibration(const std::string& path, const Calibration& calibration);

// The names of the model's layers, in the order in which they run: convolutions, depthwise ones
// too. Throws what reading the graph throws.
std::vector<std::string> layer_names(const Model& model);
// What the calibration names and the model has not, by name.
std::vector<std::string> unknown_layers(const Model& model, const Calibration& calibration);

}  // namespace thaw
