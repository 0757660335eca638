// Times whole plans of one graph against each other.
#pragma once

#include <vector>

#include "engine/build_plan.h"
#include "engine/tune.h"

namespace thaw {

constexpr const char* kUntunedPlan = "untuned";
constexpr const char* kTunedPlan = "tuned";

struct PlanRace {
  // Called as above, the one to take first. Empty where the graph can't be run on inputs made up.
  std::vector<KernelTiming> timings;
  bool disturbed = false;
};

// The plan of the first rows and then each candidate against the fastest so far, pair by pair,
// which it must clearly beat. A plan on fewer threads than all wins on a machine at rest alone:
// beside other work fewer threads seem better than they are.
PlanRace race_plans(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                    const std::vector<TunedKernels>& candidates, const TuneOptions& options);

}  // namespace thaw
