#include "engine/plan_cache.h"

#include <algorithm>
#include <chrono>

#include "base/stop.h"

namespace thaw {
namespace {

constexpr size_t kMostStrangers = 1000;
constexpr auto kBetweenStopChecks = std::chrono::milliseconds(20);

}  // namespace

std::unique_ptr<Plan> CachedPlan::take_first() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::move(first_);
}

void CachedPlan::set_first(std::unique_ptr<Plan> plan) {
  is_static = plan->is_static;
  resident = plan->resident;
  first_ = std::move(plan);
}

std::shared_ptr<CachedPlan> PlanCache::for_run(const std::vector<Shape>& shapes) {
  return get(shapes, false);
}

std::shared_ptr<CachedPlan> PlanCache::for_certain(const std::vector<Shape>& shapes) {
  return get(shapes, true);
}

std::shared_ptr<CachedPlan> PlanCache::get(const std::vector<Shape>& shapes, bool must_have) {
  std::unique_lock<std::mutex> lock(mutex_);
  bool was_counted = false;
  bool was_told = false;
  while (true) {
    std::shared_ptr<CachedPlan> plan = find(shapes);
    const std::optional<Fallback> failure = plan ? std::nullopt : failure_of(shapes);
    bool earned = plan || (!failure && ((must_have && most_ > 0) || plans_.size() < most_));
    if (!earned && !failure && !was_counted) {
      earned = must_have = deserves(shapes);
      was_counted = true;
    }
    const Fallback fallback = failure.value_or(Fallback());
    if (!earned && !was_told) {
      was_told = true;
      tell_of_fall(lock, shapes, fallback);
      continue;
    }
    if (!earned && slow_ && serves(slow_->shapes, shapes)) plan = slow_;
    if (plan) {
      touch(*plan);
      return plan;
    }
    // What is being built may serve these shapes too.
    if (is_building_) {
      wait_for_builder(lock);
      continue;
    }
    if (!earned) return build_slow(lock, shapes, fallback);
    try {
      return build(lock, shapes);
    } catch (const NoPlan& e) {
      remember_failure(shapes, e.fallback());
    }
  }
}

std::optional<Fallback> PlanCache::failure_of(const std::vector<Shape>& shapes) {
  const auto found = std::find_if(failures_.begin(), failures_.end(),
                                  [&](const Failure& f) { return f.shapes == shapes; });
  if (found == failures_.end()) return std::nullopt;
  failures_.splice(failures_.begin(), failures_, found);
  return found->fallback;
}

// A failed build is news for each shape, one that is not allowed for the first.
void PlanCache::remember_failure(const std::vector<Shape>& shapes, Fallback fallback) {
  const auto is_told = [&](const Failure& f) {
    return f.fallback.rung == fallback.rung && fallback.rung != PlanRung::kBuildFailed;
  };
  const bool is_news = std::none_of(failures_.begin(), failures_.end(), is_told);
  failures_.push_front({shapes, std::move(fallback), is_news});
  if (failures_.size() > kMostStrangers) failures_.pop_back();
}

void PlanCache::tell_of_fall(std::unique_lock<std::mutex>& lock, const std::vector<Shape>& shapes,
                             const Fallback& fallback) {
  const bool failed = fallback.rung != PlanRung::kCacheFull;
  const bool is_news = std::exchange(failed ? failures_.front().is_news : is_full_news_, false);
  lock.unlock();
  fall_(shapes, fallback, is_news);
  lock.lock();
}

std::shared_ptr<CachedPlan> PlanCache::find(const std::vector<Shape>& shapes) const {
  for (const auto& plan : plans_)
    if (serves(plan->shapes, shapes)) return plan;
  return nullptr;
}

// Whether shapes without a plan have now come as often as one takes.
bool PlanCache::deserves(const std::vector<Shape>& shapes) {
  if (most_ == 0) return false;
  auto known = std::find_if(strangers_.begin(), strangers_.end(),
                            [&](const auto& stranger) { return stranger.first == shapes; });
  if (known == strangers_.end()) known = strangers_.emplace(strangers_.end(), shapes, 0);
  strangers_.splice(strangers_.begin(), strangers_, known);
  if (strangers_.size() > kMostStrangers) strangers_.pop_back();
  if (++known->second <= runs_for_a_plan_) return false;
  strangers_.erase(known);
  runs_for_a_plan_ = std::min(2 * runs_for_a_plan_, most_runs_);
  return true;
}

std::shared_ptr<CachedPlan> PlanCache::build(std::unique_lock<std::mutex>& lock,
                                             const std::vector<Shape>& shapes) {
  std::shared_ptr<CachedPlan> plan = make_unlocked(lock, shapes, Kind::kExact, {});
  while (!plans_.empty() && plans_.size() >= most_) {
    const auto oldest =
        std::min_element(plans_.begin(), plans_.end(), [](const auto& a, const auto& b) {
          return a->used.load(std::memory_order_relaxed) < b->used.load(std::memory_order_relaxed);
        });
    (*oldest)->is_evicted = true;
    plans_.erase(oldest);
  }
  touch(*plan);
  plans_.push_front(plan);
  return plan;
}

// For pictures of all sizes first; for all shapes of these ranks once there are others, such as
// another batch.
std::shared_ptr<CachedPlan> PlanCache::build_slow(std::unique_lock<std::mutex>& lock,
                                                  const std::vector<Shape>& shapes,
                                                  const Fallback& fallback) {
  std::shared_ptr<CachedPlan> plan =
      make_unlocked(lock, shapes, slow_ ? Kind::kAllShapes : Kind::kAllSizes, fallback);
  if (slow_) slow_->is_evicted = true;
  slow_ = plan;
  return plan;
}

// Waiting threads are told when it has ended, one way or the other.
std::shared_ptr<CachedPlan> PlanCache::make_unlocked(std::unique_lock<std::mutex>& lock,
                                                     const std::vector<Shape>& shapes, Kind kind,
                                                     const Fallback& fallback) {
  is_building_ = true;
  lock.unlock();
  std::shared_ptr<CachedPlan> plan;
  std::exception_ptr error;
  try {
    const StopScope to_the_end(nullptr);  // the plan is for others too
    plan = make_(shapes, kind, fallback);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  is_building_ = false;
  built_.notify_all();
  if (error) std::rethrow_exception(error);
  return plan;
}

void PlanCache::wait_for_builder(std::unique_lock<std::mutex>& lock) {
  check_stop();
  built_.wait_for(lock, kBetweenStopChecks, [&] { return !is_building_; });
}

std::vector<std::shared_ptr<const CachedPlan>> PlanCache::plans() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::pair<uint64_t, std::shared_ptr<const CachedPlan>>> by_use;
  for (const auto& plan : plans_) by_use.emplace_back(plan->used.load(), plan);
  std::sort(by_use.begin(), by_use.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::shared_ptr<const CachedPlan>> all;
  for (auto& [used, plan] : by_use) all.push_back(std::move(plan));
  if (slow_) all.push_back(slow_);
  return all;
}

}  // namespace thaw
