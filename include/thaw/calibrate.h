// Which values the layers of a network take, seen on examples: what INT8 needs.
// May be called from any thread; it runs the model on EngineOptions::threads threads.
#pragma once

#include <vector>

#include "thaw/model.h"
#include "thaw/options.h"

namespace thaw {

// Runs the model in float32 on the batches (inputs in the model's order, all of one shape) and
// chooses for each layer's result the range whose 256 levels represent it with the least mean
// squared error; what lies outside is clipped to it. Throws UsageError when there is no batch,
// InputError when one does not fit the model.
Calibration calibrate(const Model& model, const EngineOptions& options,
                      const std::vector<std::vector<Tensor>>& batches);

}  // namespace thaw
