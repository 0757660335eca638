#include "thaw/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/processors.h"
#include "base/thread_pool.h"
#include "engine/build_engine.h"
#include "engine/layer_graph.h"
#include "engine/plan_runner.h"
#include "passes/lower_precision.h"
#include "passes/pass.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using Batches = std::vector<std::vector<Tensor>>;

// Results of layers that no other layer depends on.
std::vector<ValueId> last_results(const Graph& graph) {
  std::vector<bool> feeds(graph.num_values(), false);  // a layer, further on
  std::vector<ValueId> last;
  std::vector<NodeId> order = graph.topological_order();
  std::reverse(order.begin(), order.end());
  for (const NodeId id : order) {
    const Node& node = graph.node(id);
    const bool is_layer = node.as<Conv2D>() || node.as<DepthwiseConv2D>();
    const bool feeds_layer =
        std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId v) { return feeds[v]; });
    if (is_layer && !feeds_layer) last.push_back(node.outputs[0]);
    if (is_layer || feeds_layer)
      for (const ValueId v : node.inputs) feeds[v] = true;
  }
  std::reverse(last.begin(), last.end());
  return last;
}

class Network {
 public:
  Network(const Model& model, const EngineOptions& options, const Batches& batches)
      : options_(options),
        batches_(batches),
        device_(make_cpu_device()),
        pool_(options.threads > 0 ? options.threads : available_processors()),
        graph_(layer_graph(model, options, shapes_of(model, batches))) {
    for (const NodeId id : layers_of(graph_)) layers_.push_back(graph_.node(id).name);
    set_outputs(graph_, last_results(graph_));
    reference_ = run(graph_);
  }

  const std::vector<std::string>& layers() const { return layers_; }

  // With that layer alone in few bits; nothing where it stays as it is.
  std::optional<double> signal_to_noise(const std::string& layer) const {
    Calibration calibration = options_.calibration ? *options_.calibration : Calibration();
    if (calibration.wide.count(layer) > 0) return {};
    for (const std::string& other : layers_)
      if (other != layer) calibration.wide.insert(other);
    PassContext context;
    context.precision = layer_dtype(*options_.precision);
    context.target = device_->target();
    context.calibration = &calibration;
    Graph graph = graph_.clone();
    if (!lower_precision(graph, context)) return {};
    return -10 * std::log10(noise(run(graph)));
  }

 private:
  // The outputs of all batches.
  Batches run(const Graph& graph) const {
    const std::unique_ptr<Plan> plan = build_plan(graph, kernels_for(*device_, {}));
    PlanRunner runner(*plan, *device_, pool_);
    Batches results;
    for (const std::vector<Tensor>& batch : batches_) {
      results.emplace_back();
      for (const Tensor& t : runner.executor().run(batch)) results.back().push_back(t.clone());
    }
    return results;
  }

  // Over the signal, mean of all outputs.
  double noise(const Batches& results) const {
    double sum = 0;
    const size_t outputs = reference_[0].size();
    for (size_t k = 0; k < outputs; ++k) {
      double signal = 0;
      double off = 0;
      for (size_t i = 0; i < results.size(); ++i) {
        const Tensor& want = reference_[i][k];
        for (int64_t j = 0; j < want.num_elements(); ++j) {
          const double x = want.data<float>()[j];
          const double d = results[i][k].data<float>()[j] - x;
          signal += x * x;
          off += d * d;
        }
      }
      sum += signal > 0 ? off / signal : off > 0 ? 1.0 : 0.0;
    }
    return sum / static_cast<double>(outputs);
  }

  const EngineOptions& options_;
  const Batches& batches_;
  const std::unique_ptr<Device> device_;
  mutable ThreadPool pool_;
  Graph graph_;
  std::vector<std::string> layers_;
  Batches reference_;
};

}  // namespace

std::vector<LayerLoss> measure_sensitivity(const Model& model, const EngineOptions& options,
                                           const Batches& batches, const Told& told) {
  if (batches.empty()) throw UsageError("sensitivity needs at least one example");
  if (options.precision.value_or(Precision::kFloat32) == Precision::kFloat32)
    throw UsageError("sensitivity is that of INT8, FP16 or BF16: float32 layers lose nothing");
  std::vector<LayerLoss> losses;
  if (layers_of(layer_graph(model, options, shapes_of(model, batches))).empty()) return losses;
  const Network network(model, options, batches);
  for (size_t i = 0; i < network.layers().size(); ++i) {
    const std::string& layer = network.layers()[i];
    if (told) told(layer, i, network.layers().size());
    if (const std::optional<double> ratio = network.signal_to_noise(layer))
      losses.push_back({layer, *ratio, {}});
  }
  std::stable_sort(losses.begin(), losses.end(), [](const LayerLoss& a, const LayerLoss& b) {
    return a.signal_to_noise < b.signal_to_noise;
  });
  return losses;
}

EngineOptions with_wide_layers(EngineOptions options, const std::vector<std::string>& layers) {
  auto calibration =
      std::make_shared<Calibration>(options.calibration ? *options.calibration : Calibration());
  calibration->wide.insert(layers.begin(), layers.end());
  options.calibration = std::move(calibration);
  return options;
}

}  // namespace thaw
