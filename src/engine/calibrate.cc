// Two passes over the examples: the extremes of each layer's result, then a histogram between them,
// from which the range is chosen.
#include "thaw/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/processors.h"
#include "base/thread_pool.h"
#include "engine/build_engine.h"
#include "engine/plan_runner.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kBins = 2048;
constexpr int kClips = 80;             // ranges tried, the smallest a fifth of the whole
constexpr float kSmallestClip = 0.2F;  // of the extremes

struct Seen {
  float low = 0;
  float high = 0;
  std::array<double, kBins> counts{};  // between low and high

  float width() const { return (high - low) / kBins; }
  void widen(const Tensor& t) {
    for (int64_t i = 0; i < t.num_elements(); ++i) {
      const float x = t.data<float>()[i];
      if (!std::isfinite(x)) continue;
      low = std::min(low, x);
      high = std::max(high, x);
    }
  }
  void count(const Tensor& t) {
    if (!(high > low)) return;
    const float bins_per_unit = kBins / (high - low);
    for (int64_t i = 0; i < t.num_elements(); ++i) {
      const float x = t.data<float>()[i];
      if (!std::isfinite(x)) continue;
      const auto bin = static_cast<size_t>((x - low) * bins_per_unit);
      ++counts[std::min(bin, kBins - 1)];
    }
  }
};

// Mean squared error, but for a factor, of 256 levels over [low, high].
double error_of(const Seen& seen, float low, float high) {
  const double step = (high - low) / 255;
  double error = 0;
  for (size_t i = 0; i < kBins; ++i) {
    if (seen.counts[i] == 0) continue;
    const double x = seen.low + (static_cast<double>(i) + 0.5) * seen.width();
    const double outside = std::max({0.0, x - high, low - x});
    // A value between two levels is off by step^2 / 12 on average, but exact zeros are a level.
    const bool zero = std::fabs(x) <= seen.width();
    error += seen.counts[i] * (outside * outside + (zero ? 0 : step * step / 12));
  }
  return error;
}

ValueRange best_range(const Seen& seen) {
  ValueRange best{seen.low, seen.high};
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kClips; ++i) {
    const float part = 1 - (1 - kSmallestClip) * static_cast<float>(i) / kClips;
    const double error = error_of(seen, seen.low * part, seen.high * part);
    if (error >= least) continue;
    least = error;
    best = {seen.low * part, seen.high * part};
  }
  return best;
}

// The float32 graph with every layer's result as an output, called after the layer.
Graph observed_graph(const Model& model, const EngineOptions& options,
                     const std::vector<Tensor>& example) {
  EngineOptions plain = options;
  plain.precision = Precision::kFloat32;
  std::vector<Shape> shapes;
  for (const Tensor& t : example) shapes.push_back(t.defined() ? t.shape() : Shape::unknown());
  Graph graph = optimised_graph(model.graph(), shapes, plain, Target());
  for (size_t i = graph.outputs().size(); i-- > 0;) graph.remove_output(i);
  for (NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    if (node.as<Conv2D>() || node.as<DepthwiseConv2D>())
      graph.add_output(node.name, node.outputs[0]);
  }
  return graph;
}

}  // namespace

Calibration calibrate(const Model& model, const EngineOptions& options,
                      const std::vector<std::vector<Tensor>>& batches) {
  if (batches.empty()) throw UsageError("calibration needs at least one example");
  const Graph graph = observed_graph(model, options, batches[0]);
  const std::unique_ptr<Device> device = make_cpu_device();
  const std::unique_ptr<Plan> plan = build_plan(graph, kernels_for(*device, {}));
  ThreadPool pool(options.threads > 0 ? options.threads : available_processors());
  PlanRunner runner(*plan, *device, pool);
  std::vector<Seen> seen(graph.outputs().size());
  for (const auto& see : {&Seen::widen, &Seen::count}) {
    for (const std::vector<Tensor>& batch : batches) {
      const std::vector<Tensor>& results = runner.executor().run(batch);
      for (size_t i = 0; i < seen.size(); ++i) (seen[i].*see)(results[i]);
    }
  }
  Calibration ranges;
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i].high > seen[i].low) ranges[graph.outputs()[i].name] = best_range(seen[i]);
  return ranges;
}

}  // namespace thaw
