// What a pass is, and the runner that gives every pass a name, a timer, an off switch, a dump and
// the verifier afterwards.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "base/target.h"
#include "graph/graph.h"
#include "thaw/options.h"

namespace thaw {

// What passes may ask of the outside.
struct PassContext {
  // Runs one op on constant inputs with the reference kernels; throws what they throw. Ends early
  // where the signal in force says so (base/stop.h).
  std::function<std::vector<Tensor>(const Op&, const std::vector<Tensor>&)> evaluate;
  // A folded constant may be this large, or as large as the node's inputs together.
  size_t max_folded_bytes = size_t{16} << 20;
  // What all of them may take at one time.
  std::shared_ptr<MemoryBudget> folded = std::make_shared<MemoryBudget>(size_t{512} << 20);
  // What layers take and give: float32, float16, bfloat16, or uint8 with int8 filters.
  DType precision = DType::kFloat32;
  // The device that will run the graph: layers take the forms that it wants.
  Target target;
  const Calibration* calibration = nullptr;  // null: nothing is known
};

// A pass changes the graph in place and says whether it did. It leaves what it does not know.
struct Pass {
  const char* name;  // "fold_batch_norm", also its file's name
  bool (*run)(Graph& graph, const PassContext& context);
};

struct PassTime {
  std::string name;
  double ms = 0;
  bool changed = false;
};

struct PipelineOptions {
  std::set<std::string> disabled;  // pass names that are left out; an unknown one is a UsageError
  std::string dump_dir;            // a text file of the graph after each pass that changed it
  bool verify = false;             // check the graph's invariants after each pass
};

// The ordered list, in passes/pipeline.cc.
const std::vector<Pass>& pipeline();
std::vector<PassTime> run_pipeline(Graph& graph, const PassContext& context,
                                   const PipelineOptions& options = {});

}  // namespace thaw
