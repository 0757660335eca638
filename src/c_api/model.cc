#include "thaw/model.h"

#include "c_api/handles.h"

namespace thaw::c_api {
namespace {

ModelOptions model_options(const thaw_model_options* options) {
  const thaw_model_options from = taken(options, "thaw_model_options");
  ModelOptions to;
  to.signature = text_or(from.signature);
  to.outputs = texts(from.outputs, from.output_count, "thaw_model_options.outputs");
  to.inputs = texts(from.inputs, from.input_count, "thaw_model_options.inputs");
  to.log = log_of(from.log, from.log_user);
  return to;
}

}  // namespace
}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_model_load(const char* path, const thaw_model_options* options,
                            thaw_model** model) {
  return guarded([&] {
    need(model, "model");
    *model = new thaw_model{thaw::Model::load(&need(path, "path"), model_options(options))};
  });
}

thaw_status thaw_model_from_memory(const void* bytes, size_t size, const char* name,
                                   const thaw_model_options* options, thaw_model** model) {
  return guarded([&] {
    need(model, "model");
    std::string copy(&need(static_cast<const char*>(bytes), "bytes"), size);
    *model = new thaw_model{thaw::Model::from_bytes(std::move(copy), model_options(options),
                                                    text_or(name, "(memory)"))};
  });
}

void thaw_model_free(thaw_model* model) { delete model; }

size_t thaw_model_input_count(const thaw_model* model) { return model->model.inputs().size(); }

size_t thaw_model_output_count(const thaw_model* model) { return model->model.outputs().size(); }

thaw_status thaw_model_input(const thaw_model* model, size_t index, thaw_tensor_info* info) {
  return guarded([&] { give_info(need(model, "model").model.inputs(), index, info); });
}

thaw_status thaw_model_output(const thaw_model* model, size_t index, thaw_tensor_info* info) {
  return guarded([&] { give_info(need(model, "model").model.outputs(), index, info); });
}

}  // extern "C"
