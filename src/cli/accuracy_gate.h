// `thaw optimize`: what few bits cost layer by layer, and layers kept in float32 until a gate
// holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/json.h"
#include "thaw/sensitivity.h"

namespace thaw::cli {

struct GateArguments {
  bool sensitivity = false;
  std::optional<double> max_map_drop;
  std::string truth;
  std::vector<std::string> images;  // of the truth; empty: those of --calibrate
  std::string labels;

  bool asked() const { return sensitivity || max_map_drop; }
};
void add_gate_options(CLI::App& app, GateArguments& arguments);

struct GateResult {
  std::vector<LayerLoss> layers;  // the worst first
  std::optional<HeldAccuracy> accuracy;

  bool missed() const { return accuracy && !accuracy->held; }
};

// Throws UsageError where options are missing.
void check_gate(const GateArguments& arguments, const RunOptions& run, const EngineOptions& engine);

// With --max-map-drop `engine` keeps the layers in float32 that have to be. Throws InputError for
// what can't be read.
GateResult hold_gate(const GateArguments& arguments, const RunOptions& run, const Model& model,
                     EngineOptions& engine);

// Adds "sensitivity" and "accuracy".
void add_gate_json(const GateResult& result, Json& document);
// For people; nothing when nothing was asked for.
void print_gate(const GateResult& result, const GateArguments& arguments, Precision precision);

}  // namespace thaw::cli
