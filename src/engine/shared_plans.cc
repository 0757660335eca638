#include "engine/shared_plans.h"

#include <algorithm>

namespace thaw {

std::shared_ptr<const SharedPlan> SharedPlans::get(const std::vector<Shape>& shapes,
                                                   const std::function<SharedPlan()>& make) {
  const std::lock_guard<std::mutex> lock(mutex_);
  plans_.erase(std::remove_if(plans_.begin(), plans_.end(),
                              [](const auto& entry) { return entry.second.expired(); }),
               plans_.end());
  for (const auto& [known, plan] : plans_)
    if (known == shapes)
      if (auto shared = plan.lock()) return shared;
  auto made = std::make_shared<const SharedPlan>(make());
  plans_.emplace_back(shapes, made);
  return made;
}

}  // namespace thaw
