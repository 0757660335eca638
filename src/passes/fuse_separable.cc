#include "passes/fuse_separable.h"

#include "passes/fusion.h"

namespace thaw {
namespace {

const Tensor* float_constant(const Graph& graph, ValueId value) {
  const Tensor* t = graph.constant_value(value);
  return t && t->dtype() == DType::kFloat32 ? t : nullptr;
}

bool constant_weights(const Graph& graph, const Node& node) {
  for (size_t i = 1; i < node.inputs.size(); ++i)
    if (!float_constant(graph, node.inputs[i])) return false;
  return graph.constant_value(node.inputs[1])->rank() == 4;
}

bool is_pointwise(const Graph& graph, const Node& node) {
  const Conv2D* conv = node.as<Conv2D>();
  if (!conv || !constant_weights(graph, node)) return false;
  const Tensor& filter = *graph.constant_value(node.inputs[1]);
  const Shape& x = graph.value(node.inputs[0]).type.shape;
  const bool padded = conv->padding == Padding::kExplicit && conv->pads != Window().pads;
  return filter.dim(0) == 1 && filter.dim(1) == 1 && conv->strides == Window().strides && !padded &&
         x.rank() == 4 && x[3] == filter.dim(2);
}

// The depthwise layer whose result, of its input's type or a 16-bit float beside another, only
// `node` reads.
const Node* depthwise_before(const Graph& graph, const Node& node) {
  const Node* before = graph.producer(node.inputs[0]);
  if (!before || !before->as<DepthwiseConv2D>() || !graph.has_one_user(node.inputs[0])) return {};
  const DType x = graph.value(before->inputs[0]).type.dtype;
  const DType mid = graph.value(node.inputs[0]).type.dtype;
  const bool known =
      (mid == x && x != DType::kFloat64) || (x == DType::kFloat16 && mid == DType::kBFloat16);
  return known && constant_weights(graph, *before) &&
                 graph.constant_value(before->inputs[1])->dim(3) == 1
             ? before
             : nullptr;
}

ValueId bias_of(Graph& graph, const Node& node, int64_t channels) {
  return node.inputs.size() > 2
             ? node.inputs[2]
             : add_vector(graph, std::vector<float>(static_cast<size_t>(channels)), node.name);
}

bool fuse_at(Graph& graph, NodeId id) {
  const Node& second = graph.node(id);
  if (!is_pointwise(graph, second)) return false;
  const Node* first = depthwise_before(graph, second);
  if (!first) return false;
  const auto& depthwise = *first->as<DepthwiseConv2D>();
  const auto& pointwise = *second.as<Conv2D>();
  SeparableConv2D op;
  static_cast<Window&>(op) = depthwise;
  static_cast<ActivationTypes&>(op) = pointwise;
  op.in_scale = depthwise.in_scale;
  op.in_zero = depthwise.in_zero;
  op.mid_scale = pointwise.in_scale;
  op.mid_zero = pointwise.in_zero;
  op.mid = graph.value(second.inputs[0]).type.dtype;
  if (op.mid == graph.value(first->inputs[0]).type.dtype) op.mid = DType::kInvalid;
  op.mid_activation = depthwise.activation;
  op.float16_accumulation = depthwise.float16_accumulation;
  op.activation = pointwise.activation;
  const ValueId x = first->inputs[0];
  const ValueId first_filter = first->inputs[1];
  const ValueId second_filter = second.inputs[1];
  const ValueId first_bias = bias_of(graph, *first, graph.constant_value(first_filter)->dim(2));
  const ValueId second_bias = bias_of(graph, second, graph.constant_value(second_filter)->dim(3));
  replace_node(graph, id,
               graph.add(op, {x, first_filter, first_bias, second_filter, second_bias},
                         graph.node(id).name));
  return true;
}

}  // namespace

bool fuse_separable(Graph& graph, const PassContext& context) {
  if (!context.target.forms.separable_layers) return false;
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = fuse_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
