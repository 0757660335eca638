#include "engine/build_engine.h"

#include <chrono>

#include "kernels/evaluate.h"
#include "passes/pass.h"
#include "passes/specialise.h"

namespace thaw {
namespace {

using Clock = std::chrono::steady_clock;

DType layer_dtype(Precision precision) {
  switch (precision) {
    case Precision::kFloat16:
      return DType::kFloat16;
    case Precision::kBFloat16:
      return DType::kBFloat16;
    case Precision::kInt8:
      return DType::kUInt8;
    case Precision::kFloat32:
      break;
  }
  return DType::kFloat32;
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

BuildContext kernels_for(Device& device, const EngineOptions& options) {
  BuildContext context;
  context.device = &device;
  if (options.device == "ref") return context;
  context.host_kernels = cpu_kernels();
  context.optional = {onednn_kernels(), xnnpack_kernels()};
  return context;
}

Graph optimised_graph(const Graph& graph, const std::vector<Shape>& shapes,
                      const EngineOptions& options,
                      std::vector<std::pair<std::string, double>>* times) {
  const auto start = Clock::now();
  Graph result = graph.clone();
  std::vector<std::pair<std::string, Shape>> known;
  for (size_t i = 0; i < shapes.size(); ++i)
    if (shapes[i].has_rank()) known.emplace_back(graph.value(graph.inputs()[i]).name, shapes[i]);
  specialise(result, known);
  if (times) times->emplace_back("specialise", milliseconds_since(start));
  PassContext context;
  context.evaluate = [](const Op& op, const std::vector<Tensor>& inputs) {
    return evaluate(op, inputs);
  };
  context.precision = layer_dtype(options.precision.value_or(Precision::kFloat32));
  context.ranges = options.calibration.get();
  PipelineOptions pipeline_options;
  pipeline_options.disabled = {options.disabled_passes.begin(), options.disabled_passes.end()};
  pipeline_options.dump_dir = options.dump_dir;
  pipeline_options.verify = options.verify;
  for (const PassTime& t : run_pipeline(result, context, pipeline_options))
    if (times) times->emplace_back(t.name, t.ms);
  return result;
}

}  // namespace thaw
