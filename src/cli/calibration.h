// --precision and --calibrate made ready for an engine.
#pragma once

#include "cli/command.h"
#include "thaw/model.h"

namespace thaw::cli {

// The run's engine options for this model; with --calibrate the model is first run on the
// photographs: floats from 0 to 255 for a detector (one that names its boxes is known as such),
// from -1 to 1 for other models.
EngineOptions calibrated_options(const RunOptions& run, const Model& model,
                                 bool is_detector = false);

}  // namespace thaw::cli
