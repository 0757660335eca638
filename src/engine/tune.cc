#include "engine/tune.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/choose_kernel.h"
#include "engine/cost.h"
#include "engine/race.h"
#include "graph/text.h"

namespace thaw {
namespace {

bool has_static_types(const OpDesc& desc) {
  const auto is_static = [](const TensorDesc& t) {
    return t.shape.is_static() && dtype_size(t.dtype) > 0;
  };
  return std::all_of(desc.inputs.begin(), desc.inputs.end(), is_static) &&
         std::all_of(desc.outputs.begin(), desc.outputs.end(), is_static);
}

std::string layer_text(const OpDesc& desc) {
  std::string text = op_text(desc.op);
  for (const TensorDesc& in : desc.inputs)
    text += fmt::format(" {}{}{}", in.constant != nullptr ? "const " : "", dtype_name(in.dtype),
                        in.shape.str());
  text += " ->";
  for (const TensorDesc& out : desc.outputs)
    text += fmt::format(" {}{}", dtype_name(out.dtype), out.shape.str());
  return text;
}

// Whether these rows, and no others, were raced: a library may have come or gone since.
bool is_race_of(const std::vector<KernelTiming>& raced,
                const std::vector<const KernelEntry*>& rows) {
  const auto was_raced = [&](const std::string& name) {
    return std::any_of(raced.begin(), raced.end(),
                       [&](const KernelTiming& t) { return t.kernel == name; });
  };
  const auto can_run = [&](const KernelTiming& t) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const KernelEntry* row) { return t.kernel == row->name; });
  };
  return std::all_of(rows.begin(), rows.end(),
                     [&](const auto* row) { return was_raced(row->name); }) &&
         std::all_of(raced.begin(), raced.end(), can_run);
}

std::string timing_text(const KernelTiming& t) {
  return fmt::format("{} on {} thread{} {:.3f} ms", t.kernel, t.threads, t.threads == 1 ? "" : "s",
                     t.ms);
}

TunedKernel choice_of(const std::vector<KernelTiming>& raced, int all_threads) {
  TunedKernel tuned;
  tuned.name = raced[0].kernel;
  tuned.threads = raced[0].threads == all_threads ? 0 : raced[0].threads;
  if (raced.size() > 1 && raced[1].threads > 0)
    tuned.why = fmt::format("raced {}: {:.3f} ms, next {}", raced.size(), raced[0].ms,
                            timing_text(raced[1]));
  return tuned;
}

struct Layer {
  const Graph* graph;
  NodeId node;
};

void collect_layers(const Graph& graph, std::vector<Layer>& layers) {
  for (NodeId id : graph.topological_order())
    if (is_layer(graph.node(id))) layers.push_back({&graph, id});
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    collect_layers(graph.subgraph({static_cast<int64_t>(i)}), layers);
}

}  // namespace

TunedKernels tune(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                  TimingCache& timings, const TuneOptions& options) {
  std::vector<Layer> layers;
  collect_layers(graph, layers);
  const ThreadPool::Session session(pool);
  pool.limit(0);
  LayerTimings key;
  key.machine = timing_machine(context.device->name());
  key.build = timing_build();
  key.threads = pool.threads();
  TunedKernels tuned;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Node& node = layers[i].graph->node(layers[i].node);
    if (options.progress) options.progress(i + 1, layers.size(), node.name);
    const OpDesc desc = describe(*layers[i].graph, node);
    if (!has_static_types(desc)) continue;
    const std::vector<const KernelEntry*> rows = host_rows(desc, context);
    if (rows.empty()) continue;
    key.layer = layer_text(desc);
    std::optional<std::vector<KernelTiming>> known = timings.find(key);
    if (known && is_race_of(*known, rows)) {
      key.raced = std::move(*known);
    } else {
      key.raced = race(rows, desc, pool, options);
      timings.add(key);
    }
    if (key.raced[0].threads > 0)
      tuned[{layers[i].graph, layers[i].node}] = choice_of(key.raced, key.threads);
  }
  return tuned;
}

TunedKernels tune(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                  const EngineOptions& engine, const Log& log, const TuneOptions& options) {
  if (!engine.tune) return {};
  const std::shared_ptr<TimingCache> timings = open_timings(engine, log);
  TunedKernels tuned = tune(graph, context, pool, *timings, options);
  timings->save(log);
  return tuned;
}

std::shared_ptr<TimingCache> open_timings(const EngineOptions& engine, const Log& log) {
  return TimingCache::open(
      engine.timing_cache.empty() ? default_timing_cache() : engine.timing_cache, log);
}

}  // namespace thaw
