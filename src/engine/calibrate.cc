// Two passes over the examples: the extremes of each layer's result, then a histogram between them,
// from which the range is chosen.
#include "thaw/calibrate.h"

#include <algorithm>

#include "base/processors.h"
#include "base/thread_pool.h"
#include "engine/build_engine.h"
#include "engine/choose_range.h"
#include "engine/layer_graph.h"
#include "engine/plan_runner.h"
#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kBins = 2048;
constexpr size_t kChannelBins = 512;

// Of one layer's result.
struct Watched {
  Watched() : whole(kBins) {}

  void see(const Tensor& t, void (ValueCounts::*how)(float)) {
    const auto* x = t.data<float>();
    for (int64_t i = 0; i < t.num_elements(); ++i) (whole.*how)(x[i]);
    for (int64_t i = 0; i < t.num_elements() && !channels.empty(); ++i)
      (channels[static_cast<size_t>(i) % channels.size()].*how)(x[i]);
  }

  ValueRange choose(const RangeMethod& method, const std::string& name) const {
    ValueRange range = whole.choose(method);
    range.method = name;
    for (const ValueCounts& channel : channels) {
      const ValueRange own = channel.empty() ? range : channel.choose(method);
      range.channels.push_back({std::max(own.low, range.low), std::min(own.high, range.high)});
    }
    return range;
  }

  ValueCounts whole;
  std::vector<ValueCounts> channels;  // empty: not asked for
};

// How many channels the value has, where only depthwise layers read it; else 0.
size_t separate_channels(const Graph& graph, ValueId value) {
  const IdList& users = graph.value(value).users;
  const bool separate = !graph.is_output(value) && !users.empty() &&
                        std::all_of(users.begin(), users.end(), [&](NodeId id) {
                          return graph.node(id).as<DepthwiseConv2D>() != nullptr;
                        });
  const Shape& shape = graph.value(value).type.shape;
  return separate && shape.rank() == 4 && shape[3] > 0 ? static_cast<size_t>(shape[3]) : 0;
}

}  // namespace

Calibration calibrate(const Model& model, const EngineOptions& options,
                      const std::vector<std::vector<Tensor>>& batches,
                      const CalibrateOptions& how) {
  const RangeMethod method = RangeMethod::from_name(how.method);
  if (batches.empty()) throw UsageError("calibration needs at least one example");
  Graph graph = layer_graph(model, options, shapes_of(model, batches));
  std::vector<ValueId> results;
  std::vector<Watched> watched;
  for (const NodeId id : layers_of(graph)) {
    results.push_back(graph.node(id).outputs[0]);
    watched.emplace_back();
    if (how.per_channel)
      watched.back().channels.assign(separate_channels(graph, results.back()),
                                     ValueCounts(kChannelBins));
  }
  set_outputs(graph, results);
  const std::unique_ptr<Device> device = make_cpu_device();
  const std::unique_ptr<Plan> plan = build_plan(graph, kernels_for(*device, {}));
  ThreadPool pool(options.threads > 0 ? options.threads : available_processors());
  PlanRunner runner(*plan, *device, pool);
  size_t done = 0;
  for (const auto& see : {&ValueCounts::widen, &ValueCounts::count}) {
    for (const std::vector<Tensor>& batch : batches) {
      if (how.progress) how.progress(done++, 2 * batches.size());
      const std::vector<Tensor>& values = runner.executor().run(batch);
      for (size_t i = 0; i < watched.size(); ++i) watched[i].see(values[i], see);
    }
  }
  Calibration calibration;
  for (size_t i = 0; i < watched.size(); ++i)
    if (!watched[i].whole.empty())
      calibration.ranges[graph.outputs()[i].name] = watched[i].choose(method, how.method);
  return calibration;
}

void check_calibration_method(const std::string& method) { RangeMethod::from_name(method); }

}  // namespace thaw
