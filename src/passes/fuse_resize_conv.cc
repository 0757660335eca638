#include "passes/fuse_resize_conv.h"

#include "passes/fusion.h"

namespace thaw {
namespace {

bool fuse_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Conv2D* conv = node.as<Conv2D>();
  if (!conv || !graph.has_one_user(node.inputs[0])) return false;
  const Node* before = graph.producer(node.inputs[0]);
  const ResizeAffine* resize = before ? before->as<ResizeAffine>() : nullptr;
  const Tensor* filter = graph.constant_value(node.inputs[1]);
  if (!resize || !filter || filter->dtype() != DType::kFloat32 || filter->rank() != 4) return false;
  if (graph.value(node.inputs[0]).type.shape[3] != filter->dim(2)) return false;  // groups
  ResizeConv2D op;
  static_cast<ResizeAffine&>(op) = *resize;
  static_cast<Window&>(op) = *conv;
  static_cast<ActivationTypes&>(op) = *conv;
  op.activation = conv->activation;
  const ValueId picture = before->inputs[0];
  const ValueId bias =
      node.inputs.size() > 2
          ? node.inputs[2]
          : add_vector(graph, std::vector<float>(static_cast<size_t>(filter->dim(3))), node.name);
  replace_node(graph, id, graph.add(op, {picture, node.inputs[1], bias}, node.name));
  return true;
}

}  // namespace

bool fuse_resize_conv(Graph& graph, const PassContext& context) {
  if (!context.target.forms.resize_in_first_layer) return false;
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = fuse_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
