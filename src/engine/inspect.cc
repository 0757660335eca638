#include "thaw/inspect.h"

#include <algorithm>

#include "engine/build_engine.h"
#include "engine/cost.h"
#include "engine/find_resizer.h"
#include "engine/fitting_shapes.h"
#include "engine/model_graph.h"
#include "import/frozen_model.h"
#include "import/import_graph.h"
#include "ops/traits.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Calls fn for the live nodes of the graph and of the graphs nested in it.
template <class F>
void for_each_node(const Graph& graph, F&& fn) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id)
    if (graph.node(id).alive) fn(graph, graph.node(id));
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    for_each_node(graph.subgraph({static_cast<int64_t>(i)}), fn);
}

int64_t total_macs(const Graph& graph) {
  int64_t total = 0;
  bool known = true;
  for_each_node(graph, [&](const Graph& g, const Node& node) {
    const int64_t macs = count_macs(g, node);
    known = known && macs >= 0 && !__builtin_add_overflow(total, macs, &total);
  });
  return known ? total : -1;
}

int64_t count_parameters(const Graph& graph) {
  int64_t total = 0;
  for_each_node(graph, [&](const Graph& g, const Node& node) {
    if (!traits(node.op).is_layer && !node.as<BatchNorm>()) return;
    for (ValueId v : node.inputs)
      if (const Tensor* t = g.constant_value(v)) total += t->num_elements();
  });
  return total;
}

// "FeatureExtractor/MobilenetV1/Conv2d_0/..." names the network.
std::string feature_extractor(const Graph& graph) {
  std::string found;
  for_each_node(graph, [&](const Graph&, const Node& node) {
    static const std::string kScope = "FeatureExtractor/";
    const size_t at = node.name.find(kScope);
    if (!found.empty() || at == std::string::npos) return;
    const size_t begin = at + kScope.size();
    const std::string scope = node.name.substr(begin, node.name.find('/', begin) - begin);
    if (traits(node.op).is_layer && !node.as<MatMul>()) found = scope;
  });
  return found;
}

DetectorInfo find_detector(const Graph& graph) {
  DetectorInfo info;
  bool two_stages = false;
  for_each_node(graph, [&](const Graph& g, const Node& node) {
    two_stages = two_stages || node.name.find("FirstStage") != std::string::npos;
    if (const auto* nms = node.as<MultiClassNms>()) {
      const Shape& scores = g.value(node.inputs[1]).type.shape;
      info.found = true;
      info.iou_threshold = nms->iou_threshold;
      info.score_threshold = nms->score_threshold;
      info.max_per_class = nms->max_per_class;
      info.max_total = nms->max_total;
      if (scores.rank() == 3) info.anchors = std::max<int64_t>(scores[1], 0);
      if (scores.rank() == 3) info.classes = std::max<int64_t>(scores[2] - nms->background, 0);
    }
  });
  info.family = two_stages ? "Faster R-CNN" : "SSD";
  info.feature_extractor = feature_extractor(graph);
  return info;
}

// The graph as it runs at the shapes asked for, or at typical ones, or at none where none fits.
Graph typical_graph(const ModelGraph& model, const std::vector<Shape>& asked, Inspection& result) {
  constexpr int64_t kSide = 300;
  std::string fault;
  result.shapes = asked.empty() ? fitting_shapes(model.graph, model.inputs, kSide, &fault)
                                : fed_shapes(model.inputs, asked);
  try {
    if (fault.empty()) return optimised_graph(model.graph, result.shapes, {}, host_target());
  } catch (const InputError& e) {
    if (!asked.empty()) throw;
    fault = e.what();
  }
  result.shapes.clear();
  result.notes.push_back("costs are unknown, for no size that was tried fits: " + fault);
  try {
    return optimised_graph(model.graph, {}, {}, host_target());
  } catch (const InputError&) {
    return model.graph.clone();
  }
}

void add_costs(const ModelGraph& model, const std::vector<Shape>& asked, Inspection& result) {
  const Graph graph = typical_graph(model, asked, result);
  result.parameters = count_parameters(graph);
  if (!result.shapes.empty() || model.inputs.empty()) result.macs = total_macs(graph);
  result.detector = find_detector(graph);
  if (result.detector.found) find_resizer(model.graph, model.inputs, result.detector);
  const std::vector<bool> reached = reached_inputs(model.graph);
  for (size_t i = 0; i < reached.size(); ++i)
    if (!reached[i])
      result.notes.push_back("no output depends on input '" + model.inputs[i].name + "'");
}

}  // namespace

Inspection inspect(const std::string& path, const ModelOptions& options,
                   const std::vector<Shape>& shapes) {
  ModelFile file = read_model_file(path);
  Inspection result;
  result.path = path;
  result.kind = model_kind_name(file.kind);
  result.bytes = file.total_bytes;
  result.producer = file.producer;
  result.tags = file.tags;
  for (const Signature& s : file.signatures) result.signatures.push_back(s.key);
  result.nodes = static_cast<size_t>(file.graph.node_size());
  for (const tf::NodeDef& node : file.graph.node()) ++result.op_histogram[node.op()];
  for (const tf::FunctionDef& f : file.graph.library().function()) {
    result.nodes += static_cast<size_t>(f.node_def_size());
    for (const tf::NodeDef& node : f.node_def()) ++result.op_histogram[node.op()];
  }
  FreezeOptions freeze_options;
  freeze_options.signature = options.signature;
  freeze_options.outputs = options.outputs;
  FrozenModel frozen = freeze(std::move(file), freeze_options);
  result.unsupported = unsupported_ops(frozen);
  if (!result.unsupported.empty()) {
    result.inputs = describe_specs(frozen.inputs);
    result.outputs = describe_specs(frozen.outputs);
    return result;
  }
  const ModelGraph model = to_model_graph(std::move(frozen));
  result.inputs = model.inputs;
  result.outputs = model.outputs;
  add_costs(model, shapes, result);
  return result;
}

}  // namespace thaw
