#include "cli/calibration.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/bench_input.h"
#include "cli/command.h"
#include "cli/message.h"
#include "thaw/calibrate.h"
#include "thaw/error.h"

namespace thaw::cli {
namespace {

Calibration calibrated(const CalibrationArguments& arguments, const Model& model,
                       const EngineOptions& options, bool is_detector) {
  BenchInputOptions pictures;
  pictures.images = arguments.images;
  pictures.max_pictures = static_cast<size_t>(arguments.pictures);
  pictures.levels = is_detector || names_boxes(model);
  const BenchInput input = make_bench_input(model.inputs(), pictures);
  debug("calibrating on " + input.what);
  Progress progress(2 * input.batches.size());
  CalibrateOptions how;
  how.method = arguments.method;
  how.per_channel = arguments.per_channel;
  how.progress = [&](size_t, size_t) { progress.step("calibrating"); };
  return calibrate(model, options, input.batches, how);
}

Calibration read_table(const std::string& path, const Model& model) {
  Calibration calibration = read_calibration(path);
  for (const std::string& layer : unknown_layers(model, calibration))
    warn(fmt::format("{}: {} has no layer '{}'", path, model.path(), layer));
  return calibration;
}

}  // namespace

void CalibrationArguments::tell_files(OutputRule& rule) const {
  if (!images.empty()) tell_reads(rule, {images});
  if (!read.empty()) rule.reads(read);
  rule.writes(write, OutputKind::kCalibration);
}

void add_calibration_options(CLI::App& app, CalibrationArguments& arguments,
                             const std::string& group) {
  app.add_option("--calibrate", arguments.images,
                 "Photographs (folder, file or glob) that INT8 ranges are chosen by")
      ->group(group);
  app.add_option("--calibrate-method", arguments.method,
                 "How: mse, entropy, min-max, or percentile:99.99")
      ->capture_default_str()
      ->group(group);
  app.add_option("--calibrate-pictures", arguments.pictures, "So many photographs at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000).description(""))
      ->group(group);
  app.add_flag("--calibrate-per-channel", arguments.per_channel,
               "A range for each channel of what only depthwise layers read")
      ->group(group);
  app.add_option("--calibration", arguments.read,
                 "Table of ranges and of layers to keep in float32, in place of photographs; or\n"
                 "the folder of a SavedModel that was optimised with one")
      ->group(group);
  app.add_option("--save-calibration", arguments.write, "File that the table is written to")
      ->group(group);
}

bool names_boxes(const Model& model) {
  const auto is_boxes = [](const TensorInfo& info) {
    return info.name.find("detection_boxes") != std::string::npos;
  };
  return std::any_of(model.outputs().begin(), model.outputs().end(), is_boxes);
}

EngineOptions calibrated_options(const RunOptions& run, const Model& model, bool is_detector) {
  const CalibrationArguments& arguments = run.calibration;
  EngineOptions options = run.engine_options();
  if (!options.precision) options.precision = model.precision();
  check_calibration_method(arguments.method);
  if (!arguments.images.empty() && !arguments.read.empty())
    throw UsageError("--calibrate and --calibration: one of them was expected");
  if (!arguments.write.empty() && !arguments.asked())
    throw UsageError("--save-calibration needs --calibrate");
  Calibration calibration;
  if (!arguments.read.empty())
    calibration = read_table(arguments.read, model);
  else if (!arguments.images.empty() && options.precision == Precision::kInt8)
    calibration = calibrated(arguments, model, options, is_detector);
  else
    return options;
  if (!arguments.write.empty()) write_calibration(arguments.write, calibration);
  options.calibration = std::make_shared<const Calibration>(std::move(calibration));
  return options;
}

}  // namespace thaw::cli
