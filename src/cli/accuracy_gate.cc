#include "cli/accuracy_gate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>

#include "cli/bench_input.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/sources.h"
#include "thaw/error.h"

namespace thaw::cli {
namespace {

constexpr size_t kSensitivityPictures = 8;  // of the photographs that layers are tried on

// A line for each of several works that follow each other.
Told told_on(std::unique_ptr<Progress>& progress, const std::string& work) {
  return [&progress, work](const std::string& what, size_t done, size_t total) {
    if (done == 0) progress = std::make_unique<Progress>(total);
    progress->step(work + what);
  };
}

std::string images_of(const GateArguments& arguments, const RunOptions& run) {
  if (!run.calibration.images.empty()) return run.calibration.images;
  if (!arguments.images.empty()) return arguments.images[0];
  throw UsageError("--sensitivity and --max-map-drop need pictures: --images or --calibrate");
}

std::vector<LayerLoss> losses(const GateArguments& arguments, const RunOptions& run,
                              const Model& model, const EngineOptions& engine) {
  BenchInputOptions pictures;
  pictures.images = images_of(arguments, run);
  pictures.max_pictures = kSensitivityPictures;
  pictures.levels = names_boxes(model);
  const BenchInput input = make_bench_input(model.inputs(), pictures);
  std::unique_ptr<Progress> progress;
  return measure_sensitivity(model, engine, input.batches, told_on(progress, "trying layers: "));
}

std::string ap_text(const LayerLoss& layer) {
  return layer.ap ? fmt::format("{:.4f}", *layer.ap) : "";
}

std::string decibels_text(const LayerLoss& layer) {
  return std::isfinite(layer.signal_to_noise) ? fmt::format("{:.1f}", layer.signal_to_noise)
                                              : "exact";
}

void print_layers(const std::vector<LayerLoss>& layers, const char* precision) {
  print("What a layer loses when it alone is in {} (signal to noise of the network's results):\n",
        precision);
  const bool known = !layers.empty() && layers[0].ap;
  print("{:>7}  {}{}\n", "dB", known ? "AP      " : "", "layer");
  for (const LayerLoss& layer : layers)
    print("{:>7}  {}{}\n", decibels_text(layer), known ? ap_text(layer) + "  " : "", layer.layer);
}

void print_accuracy(const HeldAccuracy& held, const char* precision) {
  print("AP {:.4f} in FP32, {:.4f} in {} ({:+.4f})", held.ap_float32, held.ap_all, precision,
        held.ap_all - held.ap_float32);
  if (held.wide.empty()) {
    print("; a drop of {} is allowed: no layer is kept in FP32\n", held.allowed);
    return;
  }
  print(", {:.4f} with {} layer{} kept in FP32 ({:+.4f}); a drop of {} is allowed\n", held.ap,
        held.wide.size(), held.wide.size() == 1 ? "" : "s", held.ap - held.ap_float32,
        held.allowed);
  print("A picture takes {:.2f} ms so, {:.2f} ms all in {}, {:.2f} ms in FP32. Kept in FP32:\n",
        held.ms, held.ms_all, precision, held.ms_float32);
  for (const std::string& layer : held.wide) print("  {}\n", layer);
}

}  // namespace

void add_gate_options(CLI::App& app, GateArguments& arguments) {
  constexpr const char* kGroup = "Accuracy of INT8, FP16 and BF16";
  app.add_flag("--sensitivity", arguments.sensitivity,
               "Tell what each layer loses when it alone is in few bits; with --truth AP too")
      ->group(kGroup);
  app.add_option("--max-map-drop", arguments.max_map_drop,
                 "Keep the worst layers in FP32 until AP falls by no more, such as 0.0025;\n"
                 "status 1 and nothing written when that can't be")
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->group(kGroup);
  app.add_option("--truth", arguments.truth, "What is in the pictures (COCO instances, .json)")
      ->group(kGroup);
  app.add_option("--images", arguments.images,
                 "Pictures of the truth: photographs, folders, quoted globs; default: those of\n"
                 "--calibrate")
      ->group(kGroup)
      ->allow_extra_args(false);
  app.add_option("--labels", arguments.labels,
                 "Label map (.pbtxt) or one label a line (.txt), where the truth goes by names")
      ->group(kGroup);
}

void check_gate(const GateArguments& arguments, const RunOptions& run,
                const EngineOptions& engine) {
  if (!arguments.asked()) return;
  if (engine.precision.value_or(Precision::kFloat32) == Precision::kFloat32)
    throw UsageError("--sensitivity and --max-map-drop are for INT8, FP16 or BF16 (--precision)");
  if (arguments.max_map_drop && arguments.truth.empty())
    throw UsageError("--max-map-drop needs --truth");
  static_cast<void>(images_of(arguments, run));
}

GateResult hold_gate(const GateArguments& arguments, const RunOptions& run, const Model& model,
                     EngineOptions& engine) {
  GateResult result;
  if (!arguments.asked()) return result;
  result.layers = losses(arguments, run, model, engine);
  if (arguments.truth.empty()) return result;
  std::unique_ptr<Progress> progress;
  TruthOptions truth;
  truth.truth = arguments.truth;
  truth.labels = arguments.labels;
  truth.pictures = expand_sources(arguments.images.empty() ? std::vector{images_of(arguments, run)}
                                                           : arguments.images);
  truth.told = told_on(progress, "accuracy, ");
  if (arguments.sensitivity) measure_layer_aps(model, engine, truth, result.layers);
  if (!arguments.max_map_drop) return result;
  result.accuracy = hold_accuracy(model, engine, truth, result.layers, *arguments.max_map_drop);
  if (result.accuracy->held && !result.accuracy->wide.empty())
    engine = with_wide_layers(engine, result.accuracy->wide);
  return result;
}

void add_gate_json(const GateResult& result, Json& document) {
  if (result.layers.empty() && !result.accuracy) return;
  document["sensitivity"] = Json::array();
  for (const LayerLoss& layer : result.layers) {
    Json row = {{"layer", layer.layer}, {"signal_to_noise_db", nullptr}};
    if (std::isfinite(layer.signal_to_noise)) row["signal_to_noise_db"] = layer.signal_to_noise;
    if (layer.ap) row["ap"] = *layer.ap;
    document["sensitivity"].push_back(row);
  }
  if (!result.accuracy) return;
  const HeldAccuracy& held = *result.accuracy;
  document["accuracy"] = {
      {"max_map_drop", held.allowed},
      {"held", held.held},
      {"ap", {{"float32", held.ap_float32}, {"all_layers", held.ap_all}, {"result", held.ap}}},
      {"ms", {{"float32", held.ms_float32}, {"all_layers", held.ms_all}, {"result", held.ms}}},
      {"wide", held.wide}};
}

void print_gate(const GateResult& result, const GateArguments& arguments, Precision precision) {
  const char* name = precision_name(precision);
  if (arguments.sensitivity) print_layers(result.layers, name);
  if (result.accuracy && result.accuracy->held) print_accuracy(*result.accuracy, name);
  if (result.missed())
    print(stderr,
          "thaw: gate missed: --max-map-drop: AP falls from {:.4f} to {:.4f} with all layers in {} "
          "and to {:.4f} with one, a drop of {} is allowed; nothing was written\n",
          result.accuracy->ap_float32, result.accuracy->ap_all, name, result.accuracy->ap,
          result.accuracy->allowed);
}

}  // namespace thaw::cli
