#include "engine/shared_plans.h"

#include <algorithm>

#include "engine/build_engine.h"

namespace thaw {

std::shared_ptr<const SharedPlan> SharedPlans::get(const std::vector<Shape>& shapes,
                                                   const std::function<SharedPlan()>& make) {
  const std::lock_guard<std::mutex> lock(mutex_);
  plans_.erase(
      std::remove_if(plans_.begin(), plans_.end(), [](const auto& plan) { return plan.expired(); }),
      plans_.end());
  for (const auto& known : plans_)
    if (auto plan = known.lock())
      if (plan->is_slow ? plan->shapes == shapes : serves(plan->shapes, shapes)) return plan;
  auto made = std::make_shared<const SharedPlan>(make());
  plans_.push_back(made);
  return made;
}

}  // namespace thaw
