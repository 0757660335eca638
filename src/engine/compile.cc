#include "engine/compile.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/processors.h"
#include "base/thread_pool.h"
#include "engine/cost.h"
#include "ops/traits.h"
#include "thaw/error.h"

namespace thaw {
namespace {

TunedKernels tuned_kernels(const Graph& graph, const BuildContext& context,
                           const EngineOptions& options, const Log& log,
                           const TuneOptions& tune_options, BuildTimes& times) {
  if (!options.tune) return {};
  const auto start = Clock::now();
  ThreadPool pool(options.threads > 0 ? options.threads : available_processors());
  TunedKernels tuned;
  try {
    tuned = tune(graph, context, pool, options, log, tune_options);
  } catch (const ResourceError& e) {
    if (log)
      log(LogLevel::kWarning,
          fmt::format("no memory to race kernels in: {}; the plan is built without tuning",
                      e.what()));
  }
  times.emplace_back("tune", milliseconds_since(start));
  return tuned;
}

// Of INT8 without a calibration: layers whose input has no known range.
void tell_of_wide_layers(const Graph& graph, const EngineOptions& options, const Log& log) {
  if (!log || options.calibration || options.precision != Precision::kInt8) return;
  int layers = 0;
  int wide = 0;
  for (const NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    if (!traits(node.op).is_layer) continue;
    ++layers;
    if (multiplied_numbers(graph, node) != DType::kInt8) ++wide;
  }
  if (wide <= 1) return;  // the first reads pictures, and stays in float32
  log(LogLevel::kWarning,
      fmt::format("INT8: {} of {} layers stay in FP32, most for want of a range: calibrate on "
                  "pictures of the job (--calibrate)",
                  wide, layers));
}

Compilation compile_limited(const Graph& graph, const std::vector<Shape>& shapes, Serving serving,
                            Device& device, const EngineOptions& options, const Log& log,
                            const TuneOptions& tune_options) {
  Compilation made;
  PlannedGraph planned =
      serving == Serving::kAsGiven
          ? PlannedGraph{optimised_graph(graph, shapes, options, device.target(), &made.times),
                         shapes}
          : planned_graph(graph, shapes, options, device.target(), &made.times);
  made.graph = std::make_unique<Graph>(std::move(planned.graph));
  made.shapes = std::move(planned.shapes);
  if (serving != Serving::kAsGiven) tell_of_wide_layers(*made.graph, options, log);
  BuildContext context = kernels_for(device, options);
  made.tuned = tuned_kernels(*made.graph, context, options, log, tune_options, made.times);
  const auto start = Clock::now();
  context.tuned = &made.tuned;
  context.record = &made.kernels;
  made.plan = build_plan(*made.graph, context);
  made.times.emplace_back("plan", milliseconds_since(start));
  return made;
}

}  // namespace

std::optional<MemoryScope> memory_scope(const EngineOptions& options) {
  if (options.memory_limit == 0) return std::nullopt;
  return std::optional<MemoryScope>(std::in_place,
                                    std::make_shared<MemoryBudget>(options.memory_limit));
}

Compilation compile(const Graph& graph, const std::vector<Shape>& shapes, Serving serving,
                    Device& device, const EngineOptions& options, const Log& log,
                    const TuneOptions& tune_options) {
  const auto limit = memory_scope(options);
  try {
    return compile_limited(graph, shapes, serving, device, options, log, tune_options);
  } catch (const PlanTooLarge&) {
    throw;
  } catch (const ResourceError& e) {
    if (!limit) throw;
    throw PlanTooLarge(fmt::format("building the plan takes more than the limit of {:.1f} MiB: {}",
                                   static_cast<double>(options.memory_limit) / (1 << 20),
                                   e.what()));
  }
}

}  // namespace thaw
