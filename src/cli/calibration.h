// --precision and --calibrate made ready for an engine.
#pragma once

#include "cli/command.h"
#include "thaw/model.h"

namespace thaw::cli {

// The run's engine options for this model; with --calibrate the model is first run on the
// photographs.
EngineOptions calibrated_options(const RunOptions& run, const Model& model);

}  // namespace thaw::cli
