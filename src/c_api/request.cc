#include "thaw/request.h"

#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/error.h"

struct thaw_request {
  explicit thaw_request(const thaw::Engine& engine)
      : request(engine), strings(engine.outputs().size()) {}

  thaw::Request request;
  // Elements of the latest run's results that are strings.
  mutable std::vector<std::vector<thaw_bytes>> strings;
};

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

namespace thaw::c_api {
namespace {

[[noreturn]] void throw_strings(const char* what) {
  throw UsageError(fmt::format("{} of strings have no memory that could be written to", what));
}

}  // namespace
}  // namespace thaw::c_api

extern "C" {

thaw_status thaw_request_create(const thaw_engine* engine, thaw_request** request) {
  return guarded([&] {
    need(request, "request");
    *request = new thaw_request(need(engine, "engine").engine);
  });
}

void thaw_request_free(thaw_request* request) { delete request; }

thaw_status thaw_request_set_input(thaw_request* request, size_t index, const thaw_tensor* tensor) {
  return guarded([&] {
    need(request, "request")
        .request.set_input(index, tensor == nullptr ? thaw::Tensor() : tensor_of(*tensor));
  });
}

thaw_status thaw_request_input(thaw_request* request, size_t index, const thaw_shape* shape,
                               thaw_tensor* tensor) {
  return guarded([&] {
    need(tensor, "tensor");
    const thaw::Tensor& own =
        need(request, "request").request.input(index, shape_of(need(shape, "shape")));
    if (own.dtype() == thaw::DType::kString) throw_strings("inputs");
    std::vector<thaw_bytes> none;
    *tensor = c_tensor(own, none);
  });
}

thaw_status thaw_request_set_output(thaw_request* request, size_t index,
                                    const thaw_tensor* tensor) {
  return guarded([&] {
    if (tensor != nullptr && tensor->dtype == THAW_STRING) throw_strings("outputs");
    need(request, "request")
        .request.set_output(index, tensor == nullptr ? thaw::Tensor() : tensor_of(*tensor));
  });
}

thaw_status thaw_request_prepare(thaw_request* request, const thaw_shape* shapes, size_t count) {
  return guarded([&] { need(request, "request").request.prepare(shapes_of(shapes, count)); });
}

thaw_status thaw_request_run(thaw_request* request) {
  return guarded([&] { need(request, "request").request.run(); });
}

thaw_status thaw_request_start(thaw_request* request) {
  return guarded([&] { need(request, "request").request.start(); });
}

thaw_status thaw_request_wait(thaw_request* request) {
  return guarded([&] { need(request, "request").request.wait(); });
}

thaw_status thaw_request_wait_for(thaw_request* request, int64_t microseconds, int* ended) {
  return guarded([&] {
    need(ended, "ended");
    const bool has_ended =
        need(request, "request").request.wait_for(std::chrono::microseconds(microseconds));
    *ended = has_ended ? 1 : 0;
  });
}

int thaw_request_is_running(const thaw_request* request) {
  return request->request.is_running() ? 1 : 0;
}

void thaw_request_cancel(thaw_request* request) { request->request.cancel(); }

thaw_status thaw_request_set_callback(thaw_request* request, thaw_request_function function,
                                      void* user) {
  return guarded([&] {
    thaw::Request::Callback callback;
    if (function != nullptr)
      callback = [function, user](const std::exception_ptr& error) {
        const char* message = "";
        const thaw_status status = status_of(error, &message);
        function(user, status, message);
      };
    need(request, "request").request.set_callback(std::move(callback));
  });
}

thaw_status thaw_request_output(const thaw_request* request, size_t index, thaw_tensor* tensor) {
  return guarded([&] {
    const auto& outputs = need(request, "request").request.outputs();
    if (index >= outputs.size())
      throw thaw::UsageError(
          fmt::format("there are {} outputs, no number {}", outputs.size(), index));
    need(tensor, "tensor") = c_tensor(outputs[index], request->strings[index]);
  });
}

thaw_status thaw_request_stages(const thaw_request* request, thaw_stage_times* times) {
  return guarded([&] { give_stages(need(request, "request").request.stages(), times); });
}

thaw_status thaw_request_memory(const thaw_request* request, thaw_memory_use* memory) {
  return guarded([&] {
    const thaw::MemoryUse use = need(request, "request").request.memory();
    thaw_memory_use to{};
    to.arena = use.arena;
    to.weights = use.weights;
    to.scratch = use.scratch;
    give(to, memory, "thaw_memory_use");
  });
}

thaw_status thaw_request_set_profiling(thaw_request* request, int on) {
  return guarded([&] { need(request, "request").request.set_profiling(on != 0); });
}

thaw_status thaw_request_plan(const thaw_request* request, thaw_plan** plan) {
  return guarded([&] {
    const thaw::Request& of = need(request, "request").request;
    thaw_plan*& out = need(plan, "plan");
    thaw::PlanInfo info = of.plan();
    if (info.origin.empty()) {
      out = nullptr;
      return;
    }
    auto made = std::make_unique<thaw_plan>(std::move(info));
    made->layers = of.layers();
    made->segments = of.segments();
    out = made.release();
  });
}

void thaw_dlpack_deleter(void* managed_tensor) {
  // DLManagedTensor begins with a DLTensor, whose last field is a uint64_t; dlpack.h is not needed
  // for the rest.
  struct DlTensor {
    void* data;
    int32_t device[2];
    int32_t ndim;
    int32_t dtype;
    int64_t* shape;
    int64_t* strides;
    uint64_t byte_offset;
  };
  struct DlManagedTensor {
    DlTensor tensor;
    void* manager_ctx;
  };
  *static_cast<int32_t*>(static_cast<DlManagedTensor*>(managed_tensor)->manager_ctx) = 1;
}

}  // extern "C"
