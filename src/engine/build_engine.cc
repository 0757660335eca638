#include "engine/build_engine.h"

#include "base/clock.h"
#include "base/memory_budget.h"
#include "base/processors.h"
#include "base/stop.h"
#include "graph/infer_util.h"
#include "kernels/evaluate.h"
#include "passes/pass.h"
#include "passes/specialise.h"

namespace thaw {
namespace {

constexpr double kMostFoldingSeconds = 30;

}  // namespace

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

namespace {

// Values whose shapes only show in the run, and loops and branches: what costs time in each run.
size_t count_open(const Graph& graph) {
  size_t count = 0;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (!node.alive) continue;
    for (ValueId v : node.outputs) count += graph.value(v).type.shape.is_static() ? 0 : 1;
    const auto count_nested = [&](GraphRef ref) { count += 1 + count_open(graph.subgraph(ref)); };
    if (const auto* loop = node.as<While>()) {
      count_nested(loop->cond);
      count_nested(loop->body);
    } else if (const auto* branch = node.as<If>()) {
      count_nested(branch->then_branch);
      count_nested(branch->else_branch);
    }
  }
  return count;
}

}  // namespace

BuildContext kernels_for(Device& device, const EngineOptions& options) {
  BuildContext context;
  context.device = &device;
  context.threads = options.threads > 0 ? options.threads : available_processors();
  context.memory_limit = options.memory_limit > 0 ? options.memory_limit : machine_memory();
  context.max_workspace_size = options.max_workspace_size;
  context.minimum_segment_size = options.minimum_segment_size.value_or(kMinimumSegmentSize);
  if (device.shares_host_memory() && device.kernels().count == 0) return context;  // ref
  context.strict = options.strict;
  context.host_kernels = cpu_kernels();
  context.optional = {onednn_kernels(), xnnpack_kernels()};
  return context;
}

Graph optimised_graph(const Graph& graph, const std::vector<Shape>& shapes,
                      const EngineOptions& options, const Target& target,
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
  context.target = target;
  context.calibration = options.calibration.get();
  PipelineOptions pipeline_options;
  pipeline_options.disabled = {options.disabled_passes.begin(), options.disabled_passes.end()};
  pipeline_options.dump_dir = options.dump_dir;
  pipeline_options.verify = options.verify;
  StopSignal stop;  // ends the folding of constants, when it has gone on for so long
  stop.stop_after(kMostFoldingSeconds);
  const StopScope stopping(&stop);
  for (const PassTime& t : run_pipeline(result, context, pipeline_options))
    if (times) times->emplace_back(t.name, t.ms);
  return result;
}

std::vector<Shape> with_open_sizes(const Graph& graph, std::vector<Shape> shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Shape& declared = graph.value(graph.inputs()[i]).type.shape;
    if (shapes[i].rank() != 4 || !contains(declared, shapes[i])) continue;
    for (const int axis : {1, 2})
      if (!declared.has_rank() || declared[axis] == kUnknownDim) shapes[i][axis] = kUnknownDim;
  }
  return shapes;
}

std::vector<Shape> with_open_extents(const Graph& graph, std::vector<Shape> shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (!shapes[i].has_rank()) continue;
    const Shape& declared = graph.value(graph.inputs()[i]).type.shape;
    shapes[i] = declared.has_rank() ? declared : Shape::unknown_of_rank(shapes[i].rank());
  }
  return shapes;
}

Shape with_a_size(Shape picture) {
  if (picture.rank() != 4) return picture;
  if (picture[1] == kUnknownDim) picture[1] = 720;
  if (picture[2] == kUnknownDim) picture[2] = 1280;
  return picture;
}

PlannedGraph planned_graph(const Graph& graph, const std::vector<Shape>& shapes,
                           const EngineOptions& options, const Target& target,
                           std::vector<std::pair<std::string, double>>* times) {
  const std::vector<Shape> open = with_open_sizes(graph, shapes);
  if (open == shapes || !target.takes_open_sizes)
    return {optimised_graph(graph, shapes, options, target, times), shapes};
  PlannedGraph for_all{optimised_graph(graph, open, options, target, times), open};
  const size_t left_open = count_open(for_all.graph);
  if (left_open == 0) return for_all;
  PlannedGraph for_one{optimised_graph(graph, shapes, options, target, times), shapes};
  return count_open(for_one.graph) < left_open ? std::move(for_one) : std::move(for_all);
}

bool serves(const Shape& planned, const Shape& given) {
  return planned.has_rank() == given.has_rank() && contains(planned, given);
}

bool serves(const std::vector<Shape>& planned, const std::vector<Shape>& given) {
  for (size_t i = 0; i < given.size(); ++i)
    if (!serves(planned[i], given[i])) return false;
  return planned.size() == given.size();
}

}  // namespace thaw
