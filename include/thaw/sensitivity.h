// What few bits cost layer by layer, and which layers to keep in float32 so that a detector loses
// no more accuracy than allowed. Functions may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "thaw/detection.h"
#include "thaw/model.h"
#include "thaw/options.h"

namespace thaw {

struct LayerLoss {
  std::string layer;
  // Of what the network's last layers give when this layer alone goes to few bits, against float32,
  // decibels: the mean over those layers of noise over signal. Infinite where nothing changes.
  double signal_to_noise = 0;
  std::optional<double> ap;  // of the detector then, where the truth is known (measure_layer_aps)
};

// Told what is done, and of how much; on the caller's thread.
using Told = std::function<void(const std::string& what, size_t done, size_t total)>;

// Runs the network once for each layer that EngineOptions::precision and calibration bring to few
// bits, with all others in float32, on the batches (inputs in the model's order, all of one shape).
// The layer that loses most comes first. Throws UsageError for float32 and without a batch,
// InputError when one does not fit the model.
std::vector<LayerLoss> measure_sensitivity(const Model& model, const EngineOptions& options,
                                           const std::vector<std::vector<Tensor>>& batches,
                                           const Told& told = {});

// A detector's pictures with their truth.
struct TruthOptions {
  std::vector<std::string> pictures;  // files
  std::string truth;                  // COCO instances, .json
  std::string labels;                 // empty: class numbers, or names by the truth
  OutputRoles roles;
  Told told;
};

// Fills in LayerLoss::ap. Throws InputError for pictures, truth or a model that can't be used.
void measure_layer_aps(const Model& model, const EngineOptions& options, const TruthOptions& truth,
                       std::vector<LayerLoss>& layers);

struct HeldAccuracy {
  bool held = false;
  double allowed = 0;  // that AP may fall by
  // COCO's AP and the median time of a picture without decoding, ms: in float32, with all layers in
  // few bits, and with those of `wide` in float32.
  double ap_float32 = 0, ap_all = 0, ap = 0;
  double ms_float32 = 0, ms_all = 0, ms = 0;
  std::vector<std::string> wide;  // that were kept, the worst first; all layers where none was held
};

// The fewest of `layers`, from the first on, that have to stay in float32 for AP to fall by no more
// than `allowed`. Not held: it falls by more as long as any layer goes to few bits. Throws as
// measure_layer_aps does, InputError too where the pictures hold no objects.
HeldAccuracy hold_accuracy(const Model& model, const EngineOptions& options,
                           const TruthOptions& truth, const std::vector<LayerLoss>& layers,
                           double allowed);

// The options with these layers kept in float32 besides those that are already.
EngineOptions with_wide_layers(EngineOptions options, const std::vector<std::string>& layers);

}  // namespace thaw
