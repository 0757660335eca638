// The one way from a model's graph to a plan: optimise for the input shapes, tune, build.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "engine/build_engine.h"
#include "engine/build_plan.h"
#include "engine/tune.h"
#include "graph/graph.h"
#include "runtime/plan.h"
#include "thaw/options.h"

namespace thaw {

using BuildTimes = std::vector<std::pair<std::string, double>>;  // step and ms

// What the plan is to be for.
enum class Serving {
  kShapes,   // these static shapes; pictures of all sizes where that costs nothing (planned_graph)
  kAsGiven,  // these shapes with what is open in them
};

struct Compilation {
  std::unique_ptr<Graph> graph;  // as the passes left it
  std::vector<Shape> shapes;     // that it serves
  PreparedKernels kernels;       // what other plans of `graph` are made from
  std::unique_ptr<Plan> plan;
  TunedKernels tuned;  // without EngineOptions::tune: nothing
  BuildTimes times;
};

// What this thread allocates until its end is taken out of EngineOptions::memory_limit; nothing
// where there is none.
std::optional<MemoryScope> memory_scope(const EngineOptions& options);

// Throws what optimised_graph and build_plan throw; PlanTooLarge also where building takes more
// than EngineOptions::memory_limit. Without memory to race kernels in nothing is tuned. The device
// must outlive the plan.
Compilation compile(const Graph& graph, const std::vector<Shape>& shapes, Serving serving,
                    Device& device, const EngineOptions& options, const Log& log,
                    const TuneOptions& tune_options = {});

}  // namespace thaw
