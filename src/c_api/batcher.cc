#include "thaw/batcher.h"

#include <fmt/format.h>

#include <future>

#include "c_api/handles.h"
#include "thaw/error.h"

struct thaw_batcher {
  thaw::Batcher batcher;
};

struct thaw_pending {
  std::future<std::vector<thaw::Tensor>> future;
};

struct thaw_results {
  explicit thaw_results(std::vector<thaw::Tensor> results)
      : tensors(std::move(results)), strings(tensors.size()) {
    for (size_t i = 0; i < tensors.size(); ++i)
      views.push_back(thaw::c_api::c_tensor(tensors[i], strings[i]));
  }

  std::vector<thaw::Tensor> tensors;
  std::vector<std::vector<thaw_bytes>> strings;
  std::vector<thaw_tensor> views;
};

namespace thaw::c_api {
namespace {

BatcherOptions batcher_options(const thaw_batcher_options* options) {
  const thaw_batcher_options from = taken(options, "thaw_batcher_options");
  BatcherOptions to;
  if (from.max_batch != 0) to.max_batch = from.max_batch;
  if (from.requests != 0) to.requests = from.requests;
  to.max_wait = std::chrono::microseconds(from.max_wait_microseconds);
  return to;
}

std::vector<Tensor> tensors_of(const thaw_tensor* tensors, size_t count) {
  std::vector<Tensor> all;
  for (size_t i = 0; i < count; ++i) all.push_back(tensor_of((&need(tensors, "inputs"))[i]));
  return all;
}

}  // namespace
}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_batcher_create(const thaw_engine* engine, const thaw_batcher_options* options,
                                thaw_batcher** batcher) {
  return guarded([&] {
    need(batcher, "batcher");
    *batcher =
        new thaw_batcher{thaw::Batcher(need(engine, "engine").engine, batcher_options(options))};
  });
}

void thaw_batcher_free(thaw_batcher* batcher) { delete batcher; }

thaw_status thaw_batcher_run(thaw_batcher* batcher, const thaw_tensor* inputs, size_t count,
                             thaw_results** results) {
  return guarded([&] {
    need(results, "results");
    *results = new thaw_results(need(batcher, "batcher").batcher.run(tensors_of(inputs, count)));
  });
}

thaw_status thaw_batcher_submit(thaw_batcher* batcher, const thaw_tensor* inputs, size_t count,
                                thaw_pending** pending) {
  return guarded([&] {
    need(pending, "pending");
    auto made = std::make_unique<thaw_pending>();
    made->future = need(batcher, "batcher").batcher.submit(tensors_of(inputs, count));
    *pending = made.release();
  });
}

thaw_status thaw_pending_wait(thaw_pending* pending, thaw_results** results) {
  return guarded([&] {
    need(results, "results");
    auto& future = need(pending, "pending").future;
    if (!future.valid()) throw thaw::UsageError("the results were handed over before");
    *results = new thaw_results(future.get());
  });
}

void thaw_pending_free(thaw_pending* pending) {
  if (pending != nullptr && pending->future.valid()) pending->future.wait();
  delete pending;
}

void thaw_results_free(thaw_results* results) { delete results; }

size_t thaw_results_count(const thaw_results* results) { return results->views.size(); }

thaw_status thaw_results_get(const thaw_results* results, size_t index, thaw_tensor* tensor) {
  return guarded([&] {
    const auto& all = need(results, "results").views;
    if (index >= all.size())
      throw thaw::UsageError(fmt::format("there are {} results, no number {}", all.size(), index));
    need(tensor, "tensor") = all[index];
  });
}

}  // extern "C"
