#include "cli/calibration.h"

#include "cli/bench_input.h"
#include "cli/message.h"
#include "thaw/calibrate.h"

namespace thaw::cli {

EngineOptions calibrated_options(const RunOptions& run, const Model& model, bool is_detector) {
  EngineOptions options = run.engine_options();
  if (!options.precision) options.precision = model.precision();
  if (options.precision != Precision::kInt8 || run.calibrate.empty()) return options;
  for (const TensorInfo& info : model.outputs())
    is_detector = is_detector || info.name.find("detection_boxes") != std::string::npos;
  const BenchInput input =
      make_bench_input(model.inputs(), {{}, 0, run.calibrate, {}, is_detector});
  debug("calibrating on " + input.what);
  options.calibration =
      std::make_shared<const Calibration>(calibrate(model, options, input.batches));
  return options;
}

}  // namespace thaw::cli
