// What an engine runs, layer by layer.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/json.h"
#include "thaw/inspect.h"
#include "thaw/peaks.h"
#include "thaw/request.h"

namespace thaw::cli {

struct PlanSummary {
  std::string device;
  std::string precision;
  std::vector<Shape> shapes;  // of the inputs
  std::string origin;         // the plan's file, or "built in memory"
  std::string times;          // what the layers' times are from; empty: there are none
  MemoryUse memory;
  std::vector<LayerInfo> layers;
  std::vector<SegmentInfo> segments;
  std::vector<std::pair<std::string, double>> build;  // steps and their ms
  std::optional<Roofline> roofline;                   // where there are times
  OpCoverage coverage;                                // of the model's ops

  // Segments on the engine's own device, not beside it.
  std::vector<SegmentInfo> engines() const;

  double ms() const;  // of all layers
  int64_t macs() const;
  // Layers on kernels that are not the reference, of all.
  size_t fast_layers() const;
};

// For each of `shapes`, or for those that the model has plans for, or else for the model's own with
// pictures of 1x720x1280x3. runs > 0: times the layers anew on a made-up input. `model_options` are
// what the model was read with.
std::vector<PlanSummary> summarise(const Model& model, const ModelOptions& model_options,
                                   const EngineOptions& options,
                                   std::vector<std::vector<Shape>> shapes, int runs);
void print_summary(const PlanSummary& summary);
Json summary_json(const PlanSummary& summary);

// How far the request's layers, which have times, are from the machine, whose peaks are measured
// now; nothing where they don't run on its processor's instructions.
std::optional<Roofline> measure_roofline(const Request& request,
                                         const std::vector<LayerInfo>& layers);

// Times and figures of layers, as `thaw bench --profile` prints them too.
std::string layers_text(const std::vector<LayerInfo>& layers,
                        const std::optional<Roofline>& roofline);
Json layer_json(const LayerInfo& layer, const std::optional<Roofline>& roofline);

}  // namespace thaw::cli
