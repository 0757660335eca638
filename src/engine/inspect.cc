#include "thaw/inspect.h"

#include <algorithm>

#include "engine/build_engine.h"
#include "engine/cost.h"
#include "engine/model_graph.h"
#include "import/frozen_model.h"
#include "import/import_graph.h"
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

// The shapes at which costs are counted: unknown extents of a picture become 1 x 300 x 300.
std::vector<Shape> typical_shapes(const Graph& graph, const std::vector<Shape>& asked) {
  if (!asked.empty()) return asked;
  std::vector<Shape> shapes;
  for (ValueId v : graph.inputs()) {
    Shape shape = graph.value(v).type.shape;
    static constexpr int64_t kPicture[] = {1, 300, 300, 3};
    for (int i = 0; i < static_cast<int>(shape.size()); ++i)
      if (shape[i] == kUnknownDim) shape[i] = shape.rank() == 4 ? kPicture[i] : 1;
    shapes.push_back(shape);
  }
  return shapes;
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
    if (!is_layer(node) && !node.as<BatchNorm>()) return;
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
    if (is_layer(node) && !node.as<MatMul>()) found = scope;
  });
  return found;
}

void describe_resizer(const Graph& graph, const Node& node, DetectorInfo& info) {
  Shape size = Shape::unknown_of_rank(2);
  if (const auto* affine = node.as<ResizeAffine>()) size = {affine->height, affine->width};
  if (const auto* first = node.as<ResizeConv2D>()) size = {first->height, first->width};
  const Shape& out = graph.value(node.outputs[0]).type.shape;
  if (node.as<Resize>() && out.rank() == 4) size = {out[1], out[2]};
  if (info.input_size.has_rank() || !size.is_static()) return;
  info.input_size = size;
  info.resizer = "to " + std::to_string(size[0]) + "x" + std::to_string(size[1]);
}

DetectorInfo find_detector(const Graph& graph) {
  DetectorInfo info;
  info.input_size = Shape::unknown();
  bool two_stages = false;
  for_each_node(graph, [&](const Graph& g, const Node& node) {
    two_stages = two_stages || node.name.find("FirstStage") != std::string::npos;
    if (node.as<Resize>() || node.as<ResizeAffine>() || node.as<ResizeConv2D>())
      describe_resizer(g, node, info);
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
  result.shapes = typical_shapes(model.graph, shapes);
  const Graph optimised = optimised_graph(model.graph, result.shapes, {});
  result.parameters = count_parameters(optimised);
  result.macs = total_macs(optimised);
  result.detector = find_detector(optimised);
  return result;
}

}  // namespace thaw
