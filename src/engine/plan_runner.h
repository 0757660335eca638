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
      : host_queue_(make_host_queue()),
        device_queue_(device.create_queue()),
        device_workspace_(device),
        resources_{&pool,
                   &device,
                   host_queue_.get(),
                   device_queue_.get(),
                   &host_workspace_,
                   &device_workspace_},
        executor_(plan, resources_) {}

  Executor& executor() { return executor_; }

 private:
  std::unique_ptr<Queue> host_queue_;
  std::unique_ptr<Queue> device_queue_;
  Workspace host_workspace_;
  Workspace device_workspace_;
  ExecutionResources resources_;
  Executor executor_;
};

}  // namespace thaw
