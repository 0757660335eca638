#include "engine/tune.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "engine/build_engine.h"
#include "engine/choose_kernel.h"
#include "engine/make_device.h"
#include "engine/place_nodes.h"
#include "engine/race.h"
#include "engine/race_plans.h"
#include "engine/schedule.h"
#include "graph/text.h"
#include "import/crc32c.h"
#include "ops/traits.h"

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
bool is_race_of(const std::vector<KernelTiming>& raced, const std::vector<const KernelRow*>& rows) {
  const auto was_raced = [&](const std::string& name) {
    return std::any_of(raced.begin(), raced.end(),
                       [&](const KernelTiming& t) { return t.kernel == name; });
  };
  const auto can_run = [&](const KernelTiming& t) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const KernelRow* row) { return t.kernel == row->name; });
  };
  return std::all_of(rows.begin(), rows.end(),
                     [&](const auto* row) { return was_raced(row->name); }) &&
         std::all_of(raced.begin(), raced.end(), can_run);
}

std::string timing_text(const KernelTiming& t) {
  return fmt::format("{} on {} thread{} {:.3f} ms", t.kernel, t.threads, t.threads == 1 ? "" : "s",
                     t.ms);
}

using Layer = std::pair<const Graph*, NodeId>;

void collect_layers(const Graph& graph, std::vector<Layer>& layers) {
  for (NodeId id : graph.topological_order())
    if (traits(graph.node(id).op).is_layer) layers.emplace_back(&graph, id);
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    collect_layers(graph.subgraph({static_cast<int64_t>(i)}), layers);
}

// A layer's kernels and their times.
struct RacedLayer {
  Layer layer;
  Space space;
  std::string first_row;  // what an engine takes that is not tuned
  std::string text;
  std::vector<KernelTiming> raced;
};

class Tuner {
 public:
  Tuner(const Graph& graph, const BuildContext& context, ThreadPool& pool, TimingCache& timings,
        const TuneOptions& options)
      : graph_(graph), context_(context), pool_(pool), timings_(timings), options_(options) {
    key_.machine = device_key_ = timing_machine(*context.device);
    host_key_ =
        context.device->shares_host_memory() ? device_key_ : timing_machine(*make_cpu_device());
    key_.build = timing_build();
    key_.threads = pool.threads();
  }

  TunedKernels run() {
    race_layers();
    TunedKernels best = fastest_plan();
    best.left_out = left_out_;
    best.races = races_;
    best.known = known_;
    return best;
  }

 private:
  const std::vector<Space>& spaces_of(const Graph& graph);
  void add_timings();
  void race_layers();
  bool race_layer(const Layer& layer);
  TunedKernels fastest_at(int threads) const;
  std::vector<TunedKernels> candidates() const;
  TunedKernels fastest_plan();
  TunedKernels take_winner(std::vector<TunedKernels> candidates,
                           const std::vector<KernelTiming>& timings) const;
  std::string plan_text(const std::vector<TunedKernels>& candidates) const;

  const Graph& graph_;
  const BuildContext& context_;
  ThreadPool& pool_;
  TimingCache& timings_;
  const TuneOptions& options_;
  LayerTimings key_;
  std::string device_key_;
  std::string host_key_;  // of what runs beside a device
  std::vector<RacedLayer> layers_;
  std::map<const Graph*, std::vector<Space>> spaces_;
  size_t left_out_ = 0;
  size_t races_ = 0;
  size_t known_ = 0;
};

// By node, where an engine has it that is not tuned.
const std::vector<Space>& Tuner::spaces_of(const Graph& graph) {
  const auto [found, fresh] = spaces_.try_emplace(&graph);
  if (fresh)
    found->second = place_nodes(graph, schedule(graph), context_, &graph != &graph_).spaces;
  return found->second;
}

void Tuner::race_layers() {
  constexpr int kGiveUp = 3;  // races in a row that something disturbed
  std::vector<Layer> layers;
  collect_layers(graph_, layers);
  int disturbed = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string& name = layers[i].first->node(layers[i].second).name;
    if (options_.progress) options_.progress(i + 1, layers.size(), name);
    if (disturbed < kGiveUp && race_layer(layers[i])) {
      disturbed = 0;
    } else {
      ++disturbed;
      ++left_out_;
    }
  }
}

void Tuner::add_timings() {
  timings_.add(key_);
  if (options_.raced) options_.raced();
}

// False when something disturbed the race.
bool Tuner::race_layer(const Layer& layer) {
  OpDesc desc = describe(*layer.first, layer.first->node(layer.second));
  for (TensorDesc& in : desc.inputs) in.shape = with_a_size(in.shape);
  if (!has_static_types(desc)) return true;
  desc.target = context_.device->target();
  const bool on_device = spaces_of(*layer.first).at(layer.second) == Space::kDevice;
  const RaceTrack track{*context_.device, on_device ? Space::kDevice : Space::kHost, pool_,
                        context_.max_workspace_size};
  const std::vector<const KernelRow*> rows = rows_for(desc, context_, track.space);
  key_.layer = layer_text(desc);
  if (context_.max_workspace_size > 0)
    key_.layer += fmt::format(" within {} bytes", context_.max_workspace_size);
  key_.machine = on_device ? device_key_ : host_key_;
  std::optional<std::vector<KernelTiming>> known = timings_.find(key_);
  ++races_;
  if (known && is_race_of(*known, rows)) {
    ++known_;
    key_.raced = std::move(*known);
  } else {
    RaceResult result = race(rows, desc, track, options_);
    if (result.disturbed) return false;
    key_.raced = std::move(result.timings);
    add_timings();
  }
  layers_.push_back({layer, track.space, rows[0]->name, key_.layer, key_.raced});
  return true;
}

// Of each layer the row that is fastest on so many threads; layers stay out whose first row is.
TunedKernels Tuner::fastest_at(int threads) const {
  TunedKernels tuned;
  tuned.threads = threads == pool_.threads() ? 0 : threads;
  for (const RacedLayer& layer : layers_) {
    std::vector<KernelTiming> timings;
    for (const KernelTiming& t : layer.raced) {
      if (layer.space == Space::kHost && t.threads != threads) continue;
      timings.push_back(t);
      if (t.kernel == layer.first_row)
        std::rotate(timings.begin(), timings.end() - 1, timings.end());
    }
    rank(timings);
    if (timings.empty()) continue;
    TunedKernel best{timings[0].kernel, {}};
    if (timings.size() > 1)
      best.why = fmt::format("raced {}: {:.3f} ms, next {}", timings.size(), timings[0].ms,
                             timing_text(timings[1]));
    tuned.layers[layer.layer] = best;
  }
  return tuned;
}

// From all threads to one; the plan that is not tuned is none of them.
std::vector<TunedKernels> Tuner::candidates() const {
  std::vector<TunedKernels> all;
  for (int threads = pool_.threads(); threads >= 1; threads /= 2)
    all.push_back(fastest_at(threads));
  const auto is_first_row = [&](const RacedLayer& layer) {
    const auto found = all[0].layers.find(layer.layer);
    return found == all[0].layers.end() || found->second.name == layer.first_row;
  };
  if (std::all_of(layers_.begin(), layers_.end(), is_first_row)) all.erase(all.begin());
  return all;
}

// Plans of the same layers with the same candidates have one text.
std::string Tuner::plan_text(const std::vector<TunedKernels>& candidates) const {
  std::string all;
  for (const RacedLayer& layer : layers_) all += layer.text + "; ";
  for (const TunedKernels& candidate : candidates) {
    all += fmt::format(" {}:", candidate.threads);
    for (const RacedLayer& layer : layers_) {
      const auto found = candidate.layers.find(layer.layer);
      if (found != candidate.layers.end()) all += " " + found->second.name;
    }
  }
  return fmt::format("whole plan of {} layers, {:08x}", layers_.size(),
                     crc32c(0, all.data(), all.size()));
}

TunedKernels Tuner::fastest_plan() {
  std::vector<TunedKernels> all = candidates();
  if (all.empty()) return {};
  key_.layer = plan_text(all);
  key_.machine = device_key_;
  const std::optional<std::vector<KernelTiming>> known = timings_.find(key_);
  PlanRace result;
  ++races_;
  if (known) {
    ++known_;
    result.timings = *known;
  } else {
    result = race_plans(graph_, context_, pool_, all, options_);
    key_.raced = result.timings;
    if (!result.disturbed && !result.timings.empty()) add_timings();
  }
  return take_winner(std::move(all), result.timings);
}

TunedKernels Tuner::take_winner(std::vector<TunedKernels> candidates,
                                const std::vector<KernelTiming>& timings) const {
  if (timings.empty())  // nothing was compared: what stays on all threads is the least risk
    return candidates[0].threads == 0 ? std::move(candidates[0]) : TunedKernels();
  TunedKernels best;
  best.speedup = 1;
  if (timings[0].kernel == kUntunedPlan) return best;
  for (TunedKernels& candidate : candidates) {
    const int threads = candidate.threads > 0 ? candidate.threads : pool_.size();
    if (threads == timings[0].threads) best = std::move(candidate);
  }
  for (const KernelTiming& t : timings)
    if (t.kernel == kUntunedPlan) best.speedup = t.ms / timings[0].ms;
  return best;
}

}  // namespace

TunedKernels tune(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                  TimingCache& timings, const TuneOptions& options) {
  const ThreadPool::Session session(pool);
  pool.limit(0);
  return Tuner(graph, context, pool, timings, options).run();
}

TunedKernels tune(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                  const EngineOptions& engine, const Log& log, const TuneOptions& options) {
  if (!engine.tune) return {};
  const std::shared_ptr<TimingCache> timings = open_timings(engine, log);
  constexpr double kBetweenSaves = 1;  // seconds: what a kill loses
  auto saved = Clock::now();
  TuneOptions kept = options;
  kept.raced = [&] {
    if (seconds_since(saved) < kBetweenSaves) return;
    timings->save({});  // what is wrong with the file is said at the end
    saved = Clock::now();
  };
  TunedKernels tuned = tune(graph, context, pool, *timings, kept);
  timings->save(log);
  if (tuned.left_out > 0 && log)
    log(LogLevel::kWarning,
        fmt::format("other work on this machine disturbed the timing of {} layers: they keep the "
                    "kernels of a plan that is not tuned, on all threads; tune again when it rests",
                    tuned.left_out));
  return tuned;
}

std::shared_ptr<TimingCache> open_timings(const EngineOptions& engine, const Log& log) {
  return TimingCache::open(
      engine.timing_cache.empty() ? default_timing_cache() : engine.timing_cache, log);
}

}  // namespace thaw
