// A plan and all that it takes to run it once or a few times, away from an Engine.
#pragma once

#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "runtime/executor.h"

namespace thaw {

class PlanRunner {
 public:
  // Plan, device and pool must outlive the runner.
  PlanRunner(const Plan& plan, Device& device, ThreadPool& pool)
      : queue_(device.create_queue()),
        resources_{&pool, &device, queue_.get(), &workspace_},
        executor_(plan, resources_) {}

  Executor& executor() { return executor_; }
  size_t scratch_bytes() const { return workspace_.scratch_bytes(); }

 private:
  std::unique_ptr<Queue> queue_;
  Workspace workspace_;
  ExecutionResources resources_;
  Executor executor_;
};

}  // namespace thaw
