// The plans of one engine: as many as are allowed, the least recently used one making way for
// another, and a slower one for all shapes beside them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/compile.h"
#include "thaw/engine.h"
#include "thaw/error.h"

namespace thaw {

// A compiled plan. Kernels have memory of their own, so each request makes a Plan of its own from
// what is here; weights are the same memory for all. Whoever runs one holds it, also after the
// cache has let it go.
struct CachedPlan {
  std::vector<Shape> shapes;     // that it serves; open ones where it serves pictures of all sizes
  std::unique_ptr<Graph> graph;  // constants that only packed weights stand for have no memory
  PreparedKernels kernels;       // of `graph` and the graphs nested in it
  std::string origin;            // PlanInfo::origin
  std::vector<float> step_ms;    // as the plan's file has them
  BuildTimes times;
  std::shared_ptr<ResidentConstants> resident;  // those on the device; null without any
  bool is_static = true;
  bool is_slow = false;  // it serves what no other plan is built for
  PlanRung rung = PlanRung::kBuilt;
  std::string why;  // PlanInfo::why

  // The plan as it was compiled, for whoever comes first; null for the others.
  std::unique_ptr<Plan> take_first();
  void set_first(std::unique_ptr<Plan> plan);

  std::atomic<uint64_t> used{0};        // when, by the cache's count
  std::atomic<bool> is_evicted{false};  // the cache has another for these shapes, or none

 private:
  std::mutex mutex_;
  std::unique_ptr<Plan> first_;
};

// Why shapes run on the slower plan.
struct Fallback {
  PlanRung rung = PlanRung::kCacheFull;
  std::string why;
};

// What PlanCache::Make throws where there will be no plan for these shapes alone: the cache does
// not ask again, and the slower plan serves them.
class NoPlan : public ResourceError {
 public:
  NoPlan(PlanRung rung, const std::string& why) : ResourceError(why), rung_(rung) {}
  Fallback fallback() const { return {rung_, what()}; }

 private:
  PlanRung rung_;
};

// Safe to use from any threads.
class PlanCache {
 public:
  // What a plan serves beside the static shapes that it is made for.
  enum class Kind {
    kExact,      // what costs nothing
    kAllSizes,   // slow: pictures of all heights and widths
    kAllShapes,  // slow: whatever the model leaves open
  };
  using Make = std::function<std::shared_ptr<CachedPlan>(const std::vector<Shape>& shapes,
                                                         Kind kind, const Fallback& fallback)>;
  // Told before shapes run on the slower plan; `is_news`: for the first time for this reason, or
  // after a failed build. What it throws, the run throws.
  using Fall =
      std::function<void(const std::vector<Shape>& shapes, const Fallback& fallback, bool is_news)>;
  // At most `most` plans beside the slow one; where they are there, shapes get a plan when they
  // come again, and after each plan that went for another when they have come twice as often as
  // before, `most_runs` times at most.
  PlanCache(size_t most, int most_runs, Make make, Fall fall)
      : most_(most), most_runs_(most_runs), make_(std::move(make)), fall_(std::move(fall)) {}

  // The plan to run inputs of these static shapes with. Where it must be built and another is being
  // built, waits for that first, and throws Stopped when check_stop says so meanwhile.
  std::shared_ptr<CachedPlan> for_run(const std::vector<Shape>& shapes);
  // The same, and a plan for these shapes makes way for it where it must.
  std::shared_ptr<CachedPlan> for_certain(const std::vector<Shape>& shapes);
  // A run uses this plan without having asked for it again.
  void touch(CachedPlan& plan) { plan.used.store(++clock_, std::memory_order_relaxed); }
  // Latest used first, the slow one last.
  std::vector<std::shared_ptr<const CachedPlan>> plans() const;

 private:
  using Plans = std::list<std::shared_ptr<CachedPlan>>;

  std::shared_ptr<CachedPlan> get(const std::vector<Shape>& shapes, bool must_have);
  std::shared_ptr<CachedPlan> find(const std::vector<Shape>& shapes) const;
  bool deserves(const std::vector<Shape>& shapes);
  std::shared_ptr<CachedPlan> build(std::unique_lock<std::mutex>& lock,
                                    const std::vector<Shape>& shapes);
  std::shared_ptr<CachedPlan> build_slow(std::unique_lock<std::mutex>& lock,
                                         const std::vector<Shape>& shapes,
                                         const Fallback& fallback);
  std::shared_ptr<CachedPlan> make_unlocked(std::unique_lock<std::mutex>& lock,
                                            const std::vector<Shape>& shapes, Kind kind,
                                            const Fallback& fallback);
  std::optional<Fallback> failure_of(const std::vector<Shape>& shapes);
  void remember_failure(const std::vector<Shape>& shapes, Fallback fallback);
  void tell_of_fall(std::unique_lock<std::mutex>& lock, const std::vector<Shape>& shapes,
                    const Fallback& fallback);
  void wait_for_builder(std::unique_lock<std::mutex>& lock);

  const size_t most_;
  const int most_runs_;
  int runs_for_a_plan_ = 1;
  const Make make_;
  const Fall fall_;
  std::atomic<uint64_t> clock_{0};
  mutable std::mutex mutex_;
  std::condition_variable built_;
  bool is_building_ = false;
  Plans plans_;
  std::shared_ptr<CachedPlan> slow_;
  // How often shapes came that have no plan, the latest first.
  std::list<std::pair<std::vector<Shape>, int>> strangers_;
  // Shapes for which there will be no plan, the latest first, and whether that was told.
  struct Failure {
    std::vector<Shape> shapes;
    Fallback fallback;
    bool is_news = true;
  };
  std::list<Failure> failures_;
  bool is_full_news_ = true;
};

}  // namespace thaw
