// What engines over the same weights have in common: for each set of input shapes the optimised
// graph, each node's kernel and the packed weights. Kernels have memory of their own, so each
// engine makes its own from it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/build_plan.h"
#include "graph/graph.h"

namespace thaw {

struct SharedPlan {
  std::vector<Shape> shapes;     // that it serves; open ones where it serves pictures of all sizes
  bool is_slow = false;          // it serves what no other plan may be built for
  std::unique_ptr<Graph> graph;  // constants that only packed weights stand for have no memory
  PreparedKernels kernels;       // of `graph` and the graphs nested in it
  std::string origin;            // Engine::plan_origin
  std::vector<float> step_ms;    // as the plan's file has them
};

// Plans live as long as an engine has them. Safe to use from several threads.
class SharedPlans {
 public:
  // A plan that serves these shapes; calls `make` when no engine has it.
  std::shared_ptr<const SharedPlan> get(const std::vector<Shape>& shapes,
                                        const std::function<SharedPlan()>& make);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<const SharedPlan>> plans_;
};

}  // namespace thaw
