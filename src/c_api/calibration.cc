#include "c_api/handles.h"
#include "thaw/calibrate.h"

namespace thaw::c_api {
namespace {

CalibrateOptions calibrate_options(const thaw_calibrate_options* options) {
  const thaw_calibrate_options from = taken(options, "thaw_calibrate_options");
  CalibrateOptions to;
  if (from.method != nullptr) to.method = from.method;
  to.per_channel = from.per_channel != 0;
  if (from.progress != nullptr)
    to.progress = [tell = from.progress, user = from.progress_user](size_t done, size_t total) {
      tell(user, done, total);
    };
  return to;
}

}  // namespace

thaw_calibration* calibration_handle(Calibration calibration) {
  std::string text = calibration_text(calibration);
  return new thaw_calibration{std::make_shared<const Calibration>(std::move(calibration)),
                              std::move(text)};
}

std::vector<std::vector<Tensor>> batches_of(const Model& model, const thaw_tensor* tensors,
                                            size_t batches) {
  std::vector<std::vector<Tensor>> all(batches);
  const thaw_tensor* next = batches > 0 ? &need(tensors, "tensors") : nullptr;
  for (auto& batch : all)
    for (size_t i = 0; i < model.inputs().size(); ++i) batch.push_back(tensor_of(*next++));
  return all;
}

}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_calibrate(const thaw_model* model, const thaw_engine_options* options,
                           const thaw_tensor* tensors, size_t batches,
                           thaw_calibration** calibration) {
  return thaw_calibrate_with(model, options, nullptr, tensors, batches, calibration);
}

thaw_status thaw_calibrate_with(const thaw_model* model, const thaw_engine_options* options,
                                const thaw_calibrate_options* how, const thaw_tensor* tensors,
                                size_t batches, thaw_calibration** calibration) {
  return guarded([&] {
    need(calibration, "calibration");
    const thaw::Model& of = need(model, "model").model;
    *calibration = calibration_handle(thaw::calibrate(
        of, engine_options(options), batches_of(of, tensors, batches), calibrate_options(how)));
  });
}

void thaw_calibration_free(thaw_calibration* calibration) { delete calibration; }

thaw_status thaw_calibration_read(const char* path, thaw_calibration** calibration) {
  return guarded([&] {
    need(calibration, "calibration") =
        calibration_handle(thaw::read_calibration(&need(path, "path")));
  });
}

thaw_status thaw_calibration_write(const thaw_calibration* calibration, const char* path) {
  return guarded([&] {
    thaw::write_calibration(&need(path, "path"), *need(calibration, "calibration").calibration);
  });
}

thaw_status thaw_calibration_parse(const char* text, const char* name,
                                   thaw_calibration** calibration) {
  return guarded([&] {
    need(calibration, "calibration") = calibration_handle(
        thaw::parse_calibration(&need(text, "text"), name != nullptr ? name : "(memory)"));
  });
}

const char* thaw_calibration_text(const thaw_calibration* calibration) {
  return calibration->text.c_str();
}

}  // extern "C"
