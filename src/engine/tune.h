// Races the kernels that can run a layer on this machine, and then whole plans of the fastest ones,
// on all threads and on fewer, against the plan that an engine has which is not tuned.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/thread_pool.h"
#include "engine/build_plan.h"
#include "engine/timing_cache.h"
#include "graph/graph.h"

namespace thaw {

struct TuneOptions {
  double layer_ms = 150;  // at most, past the few rounds that every kernel gets
  int min_rounds = 5;
  int max_rounds = 40;
  // Of the time of a race that the thread which runs it must have had a processor; otherwise other
  // work disturbed it. 0: nothing disturbs.
  double least_share = 0.9;
  double run_seconds = 60;  // plans that first run longer than that are not raced; 0: any time
  // Told before a layer is raced: its number from 1, of how many, and its name. May be empty.
  std::function<void(size_t number, size_t count, const std::string& name)> progress;
  // Told when a race was added to the timings. May be empty.
  std::function<void()> raced;
};

// What to run the layers of the graph and of those nested in it on: those whose shapes are all
// static and which run in host memory. Layers of one kind are raced once, and not at all when
// `timings` has the race of the same kernels; so are whole plans. What is raced is added to it,
// unless something disturbed it: then such layers are left out, and plans stay on all threads.
// Nothing is tuned where a plan without tuning is as fast.
TunedKernels tune(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                  TimingCache& timings, const TuneOptions& options = {});

// The cache that an engine with these options uses.
std::shared_ptr<TimingCache> open_timings(const EngineOptions& engine, const Log& log);
// The same as these options say: nothing without `tune`, and the cache's file is brought up to
// date, about once a second and at the end.
TunedKernels tune(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                  const EngineOptions& engine, const Log& log, const TuneOptions& options = {});

}  // namespace thaw
