#include "engine/race_plans.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/noise.h"
#include "base/stop.h"
#include "engine/build_engine.h"
#include "engine/plan_runner.h"
#include "engine/race.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kWarmUpRuns = 2;
constexpr size_t kFewestPairs = 5;
constexpr size_t kPairs = 15;     // unless they take longer than
constexpr double kPatience = 10;  // times a layer's race
constexpr size_t kMostPairs = 60;
constexpr double kMostlyFaster = 0.6;  // of the pairs
constexpr double kHopeless = 1.1;      // times the best: still fewer threads are slower still

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::optional<std::vector<Tensor>> made_up_inputs(const Graph& graph) {
  std::vector<Tensor> inputs;
  for (ValueId v : graph.inputs()) {
    TensorType type = graph.value(v).type;
    type.shape = with_a_size(type.shape);
    if (!type.shape.is_static() || dtype_size(type.dtype) == 0) return std::nullopt;
    inputs.push_back(made_up(type.dtype, type.shape));
  }
  return inputs;
}

struct Contender {
  KernelTiming timing;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<PlanRunner> runner;

  double run(const std::vector<Tensor>& inputs) const {
    const Clock::time_point start = Clock::now();
    runner->executor().run(inputs);
    return milliseconds_since(start);
  }
};

struct Pairing {
  double ratio = 1;   // the challenger's time over the champion's
  double faster = 0;  // part of the pairs that it won
  double champion_ms = 0;
  bool disturbed = false;
};

class PlanRacer {
 public:
  PlanRacer(const Graph& graph, const BuildContext& context, ThreadPool& pool,
            const TuneOptions& options, std::vector<Tensor> inputs)
      : graph_(graph),
        context_(context),
        pool_(pool),
        options_(options),
        inputs_(std::move(inputs)) {
    context_.record = nullptr;
  }

  Contender enter(const char* name, const TunedKernels& tuned) {
    context_.tuned = &tuned;
    Contender contender;
    contender.timing = {name, tuned.threads > 0 ? tuned.threads : pool_.size(), 0};
    contender.plan = build_plan(graph_, context_);
    contender.runner = std::make_unique<PlanRunner>(*contender.plan, *context_.device, pool_);
    StopSignal stop;  // a graph may run for ever
    stop.stop_after(options_.run_seconds);
    const StopScope stopping(&stop);
    for (int i = 0; i < kWarmUpRuns; ++i) contender.run(inputs_);
    return contender;
  }

  Pairing pair_up(const Contender& champion, const Contender& challenger) const {
    std::vector<double> ratios;
    std::vector<double> times;
    const ProcessorShare share;
    const Clock::time_point start = Clock::now();
    while (ratios.size() < kMostPairs) {
      const double spent = milliseconds_since(start);
      if (ratios.size() >= kPairs && spent > options_.layer_ms) break;
      if (ratios.size() >= kFewestPairs && spent > kPatience * options_.layer_ms) break;
      const bool begins = ratios.size() % 2 == 0;
      const double first = begins ? champion.run(inputs_) : 0;
      const double second = challenger.run(inputs_);
      times.push_back(begins ? first : champion.run(inputs_));
      ratios.push_back(second / times.back());
    }
    const auto won = std::count_if(ratios.begin(), ratios.end(), [](double r) { return r < 1; });
    return {median(ratios), static_cast<double>(won) / static_cast<double>(ratios.size()),
            median(times), share.value() < options_.least_share};
  }

  PlanRace run(const std::vector<TunedKernels>& candidates) {
    const TunedKernels nothing;
    PlanRace race;
    Contender champion = enter(kUntunedPlan, nothing);
    for (const TunedKernels& candidate : candidates) {
      Contender challenger = enter(kTunedPlan, candidate);
      const Pairing pairing = pair_up(champion, challenger);
      race.disturbed |= pairing.disturbed;
      if (champion.timing.ms == 0) champion.timing.ms = pairing.champion_ms;
      challenger.timing.ms = champion.timing.ms * pairing.ratio;
      const bool wins = pairing.ratio < kClearlyFaster && pairing.faster >= kMostlyFaster &&
                        (candidate.threads == 0 || !pairing.disturbed);
      if (wins) std::swap(champion, challenger);
      race.timings.push_back(challenger.timing);
      if (pairing.ratio > kHopeless && candidate.threads > 0) break;
    }
    race.timings.insert(race.timings.begin(), champion.timing);
    pool_.limit(0);
    return race;
  }

 private:
  const Graph& graph_;
  BuildContext context_;
  ThreadPool& pool_;
  const TuneOptions& options_;
  const std::vector<Tensor> inputs_;
};

}  // namespace

PlanRace race_plans(const Graph& graph, const BuildContext& context, ThreadPool& pool,
                    const std::vector<TunedKernels>& candidates, const TuneOptions& options) {
  std::optional<std::vector<Tensor>> inputs = made_up_inputs(graph);
  if (!inputs) return {};
  try {
    return PlanRacer(graph, context, pool, options, std::move(*inputs)).run(candidates);
  } catch (const InputError&) {
    return {};
  } catch (const Stopped&) {
    return {};
  }
}

}  // namespace thaw
