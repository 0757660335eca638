// Runs one inference at a time: instances of an engine's plans with the memory and the threads for
// them. What Request and Engine::run stand on.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "base/memory_budget.h"
#include "base/thread_pool.h"
#include "engine/engine_core.h"
#include "engine/plan_runner.h"

namespace thaw {

// For one thread at a time.
class Inference {
 public:
  // The core must outlive it. Throws ResourceError when its threads can't be started.
  explicit Inference(EngineCore& core);

  // Results, valid until the next run, in `targets` (by output) where that needs no copy. Throws
  // what Request::run throws, and Stopped.
  const std::vector<Tensor>& run(const std::vector<Tensor>& inputs,
                                 const std::vector<Tensor>& targets = {});
  void prepare(const std::vector<Shape>& shapes);
  // Lets go what it holds of plans that the cache has let go; results in their memory are gone.
  void let_go_evicted() { let_go_evicted(nullptr); }

  StageTimes stages() const;
  MemoryUse memory() const;
  PlanInfo plan() const;
  std::vector<LayerInfo> layers() const;
  std::vector<SegmentInfo> segments() const;
  void set_profiling(bool on);

 private:
  // A plan of the cache's made ready to run here.
  struct Instance {
    std::shared_ptr<CachedPlan> cached;
    std::unique_ptr<Plan> plan;
    std::shared_ptr<MemoryBudget> budget;  // of what runs take beside the plan; null: the machine's
    std::unique_ptr<PlanRunner> runner;
  };

  bool latest_serves(const std::vector<Tensor>& inputs) const;
  void let_go_evicted(const CachedPlan* kept);
  void take(std::shared_ptr<CachedPlan> cached);
  Instance& make(std::shared_ptr<CachedPlan> cached);

  EngineCore& core_;
  ThreadPool pool_;
  std::list<Instance> instances_;
  Instance* latest_ = nullptr;
  size_t made_ = 0;            // instances, ever
  std::vector<Shape> shapes_;  // of the latest inputs that were looked up
  double prepare_ms_ = 0;
  bool profiling_ = false;
};

PlanInfo describe_plan(const CachedPlan& plan);

}  // namespace thaw
