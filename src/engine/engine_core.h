// What all requests of an engine share: the model, its options, the device and the plans.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/plan_cache.h"
#include "runtime/device.h"
#include "thaw/engine.h"
#include "thaw/model.h"

namespace thaw {

class Inference;

// Safe to use from any threads.
class EngineCore {
 public:
  EngineCore(const Model& model, const EngineOptions& options);
  ~EngineCore();

  const Model& model() const { return model_; }
  const EngineOptions& options() const { return options_; }  // complete: nothing is unset
  const std::vector<TensorInfo>& outputs() const { return outputs_; }
  int threads() const { return threads_; }
  Device& device() const { return *device_; }
  PlanCache& cache() { return cache_; }

  // Throw InputError, naming the input, where these don't fit the model.
  void check_input(size_t index, const Tensor& tensor) const;
  void check_inputs(const std::vector<Tensor>& inputs) const;
  void check_shapes(const std::vector<Shape>& shapes) const;

  // Another plan of a cached one's graph, with kernels of its own.
  std::unique_ptr<Plan> instantiate(CachedPlan& cached) const;

  // Builds the plan for these shapes, as Engine::prepare says.
  void prepare(const std::vector<Shape>& shapes);

  // For Engine::run: one that nobody uses, new where there is none; and back again. Those that
  // nobody uses then hold nothing of plans that made way.
  std::unique_ptr<Inference> borrow();
  void give_back(std::unique_ptr<Inference> inference);

 private:
  std::shared_ptr<CachedPlan> make(const std::vector<Shape>& shapes, PlanCache::Kind kind,
                                   const Fallback& fallback);
  std::shared_ptr<CachedPlan> make_exact(const std::vector<Shape>& shapes);
  std::shared_ptr<CachedPlan> load(const std::vector<Shape>& shapes, std::string& fault) const;
  std::shared_ptr<CachedPlan> compile_plan(const std::vector<Shape>& shapes, Serving serving) const;
  void let_go_evicted();
  void keep_chosen_outputs(Graph& graph) const;
  void fall(const std::vector<Shape>& shapes, const Fallback& fallback, bool is_news) const;
  void warn(const std::string& text) const;

  const Model model_;
  const EngineOptions options_;
  const bool refuses_build_;          // the caller himself allows none
  const std::vector<size_t> chosen_;  // of the model's outputs
  std::vector<TensorInfo> outputs_;
  const int threads_;
  const std::unique_ptr<Device> device_;
  PlanCache cache_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<Inference>> idle_;
};

}  // namespace thaw
