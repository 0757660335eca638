#include "thaw/engine.h"

#include "c_api/handles.h"

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_engine_create(const thaw_model* model, const thaw_engine_options* options,
                               thaw_engine** engine) {
  return guarded([&] {
    need(engine, "engine");
    *engine = new thaw_engine{thaw::Engine(need(model, "model").model, engine_options(options))};
  });
}

void thaw_engine_free(thaw_engine* engine) { delete engine; }

size_t thaw_engine_input_count(const thaw_engine* engine) { return engine->engine.inputs().size(); }

size_t thaw_engine_output_count(const thaw_engine* engine) {
  return engine->engine.outputs().size();
}

thaw_status thaw_engine_input(const thaw_engine* engine, size_t index, thaw_tensor_info* info) {
  return guarded([&] { give_info(need(engine, "engine").engine.inputs(), index, info); });
}

thaw_status thaw_engine_output(const thaw_engine* engine, size_t index, thaw_tensor_info* info) {
  return guarded([&] { give_info(need(engine, "engine").engine.outputs(), index, info); });
}

thaw_status thaw_engine_input_index(const thaw_engine* engine, const char* name, size_t* index) {
  return guarded([&] {
    need(index, "index") = need(engine, "engine").engine.input_index(&need(name, "name"));
  });
}

thaw_status thaw_engine_output_index(const thaw_engine* engine, const char* name, size_t* index) {
  return guarded([&] {
    need(index, "index") = need(engine, "engine").engine.output_index(&need(name, "name"));
  });
}

const char* thaw_engine_device(const thaw_engine* engine) { return engine->device.c_str(); }

int32_t thaw_engine_threads(const thaw_engine* engine) { return engine->engine.threads(); }

thaw_precision thaw_engine_precision(const thaw_engine* engine) {
  return c_precision(engine->engine.precision());
}

thaw_status thaw_engine_prepare(const thaw_engine* engine, const thaw_shape* shapes, size_t count) {
  return guarded([&] { need(engine, "engine").engine.prepare(shapes_of(shapes, count)); });
}

}  // extern "C"
