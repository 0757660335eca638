#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/error.h"
#include "thaw/sensitivity.h"

struct thaw_sensitivity {
  std::vector<thaw::LayerLoss> layers;
};

namespace thaw::c_api {
namespace {

Told told_of(thaw_work_function told, void* user) {
  if (told == nullptr) return {};
  return [told, user](const std::string& what, size_t done, size_t total) {
    told(user, what.c_str(), done, total);
  };
}

TruthOptions truth_options(const thaw_truth_options* options) {
  const thaw_truth_options from = taken(&need(options, "truth"), "thaw_truth_options");
  const thaw_detector_options detector = taken(from.detector, "thaw_detector_options");
  TruthOptions to;
  to.pictures = texts(from.pictures, from.picture_count, "thaw_truth_options.pictures");
  to.truth = &need(from.truth, "thaw_truth_options.truth");
  to.labels = text_or(detector.labels);
  to.roles = {text_or(detector.boxes), text_or(detector.scores), text_or(detector.classes),
              text_or(detector.num)};
  to.told = told_of(from.told, from.user);
  return to;
}

}  // namespace
}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_measure_sensitivity(const thaw_model* model, const thaw_engine_options* options,
                                     const thaw_tensor* tensors, size_t batches,
                                     thaw_work_function told, void* user,
                                     thaw_sensitivity** sensitivity) {
  return guarded([&] {
    need(sensitivity, "sensitivity");
    const thaw::Model& of = need(model, "model").model;
    *sensitivity = new thaw_sensitivity{thaw::measure_sensitivity(
        of, engine_options(options), batches_of(of, tensors, batches), told_of(told, user))};
  });
}

void thaw_sensitivity_free(thaw_sensitivity* sensitivity) { delete sensitivity; }

size_t thaw_sensitivity_count(const thaw_sensitivity* sensitivity) {
  return sensitivity->layers.size();
}

thaw_status thaw_sensitivity_get(const thaw_sensitivity* sensitivity, size_t index,
                                 thaw_layer_loss* loss) {
  return guarded([&] {
    const auto& layers = need(sensitivity, "sensitivity").layers;
    if (index >= layers.size())
      throw thaw::UsageError(
          fmt::format("there are {} layers, no number {}", layers.size(), index));
    give({0, layers[index].layer.c_str(), layers[index].signal_to_noise}, loss, "thaw_layer_loss");
  });
}

thaw_status thaw_hold_accuracy(const thaw_model* model, const thaw_engine_options* options,
                               const thaw_truth_options* truth, const thaw_sensitivity* sensitivity,
                               double allowed, thaw_held_accuracy* result,
                               thaw_calibration** calibration) {
  return guarded([&] {
    need(calibration, "calibration");
    const thaw::EngineOptions engine = engine_options(options);
    const thaw::HeldAccuracy held =
        thaw::hold_accuracy(need(model, "model").model, engine, truth_options(truth),
                            need(sensitivity, "sensitivity").layers, allowed);
    give({0, held.held ? 1 : 0, held.ap_float32, held.ap_all, held.ap, held.ms_float32, held.ms_all,
          held.ms, held.wide.size()},
         result, "thaw_held_accuracy");
    *calibration = calibration_handle(*thaw::with_wide_layers(engine, held.wide).calibration);
  });
}

}  // extern "C"
