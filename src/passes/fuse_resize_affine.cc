#include "passes/fuse_resize_affine.h"

#include "passes/fusion.h"

namespace thaw {
namespace {

// A value that is x * constant or x + constant; nothing else reads x.
struct Step {
  ValueId x = kNone;
  float constant = 0;
};

std::optional<Step> scalar_step(const Graph& graph, ValueId value, BinaryKind kind) {
  const Node* node = graph.producer(value);
  const Binary* binary = node ? node->as<Binary>() : nullptr;
  if (!binary || binary->activation != Activation::kNone) return {};
  const bool subtracts = kind == BinaryKind::kAdd && binary->kind == BinaryKind::kSub;
  if (binary->kind != kind && !subtracts) return {};
  const std::optional<WithConstant> operands = split_constant(graph, *node);
  if (!operands || (subtracts && operands->constant_first)) return {};
  const std::optional<float> c = constant_scalar(graph, operands->constant);
  if (!c || graph.value(operands->constant).type.shape.rank() > 4) return {};
  if (!graph.has_one_user(operands->value)) return {};
  return Step{operands->value, subtracts ? -*c : *c};
}

ValueId through_cast(const Graph& graph, ValueId value) {
  const Node* node = graph.producer(value);
  if (!node || !node->as<Cast>()) return value;
  return graph.value(node->inputs[0]).type.dtype == DType::kUInt8 ? node->inputs[0] : value;
}

// Fills in where the pixels come from and to what size they go; kNone when it is neither a resize
// to a known size nor a cast of a picture of known size.
ValueId source_of(const Graph& graph, ValueId value, ResizeAffine* op) {
  const Node* node = graph.producer(value);
  const Shape& shape = graph.value(value).type.shape;
  if (!node || shape.rank() != 4 || shape[1] < 1 || shape[2] < 1) return kNone;
  op->height = shape[1];
  op->width = shape[2];
  if (const Resize* resize = node->as<Resize>()) {
    if (resize->method != ResizeMethod::kBilinear) return kNone;
    op->align_corners = resize->align_corners;
    op->half_pixel_centers = resize->half_pixel_centers;
    const ValueId image = through_cast(graph, node->inputs[0]);
    const DType dtype = graph.value(image).type.dtype;
    return dtype == DType::kUInt8 || dtype == DType::kFloat32 ? image : kNone;
  }
  const ValueId image = through_cast(graph, value);
  return image == value || graph.value(value).type.dtype != DType::kFloat32 ? kNone : image;
}

bool fuse_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (!node.as<Binary>()) return false;
  ResizeAffine op;
  ValueId x = node.outputs[0];
  // Nobody reads what a longer chain has taken already.
  if (graph.value(x).users.empty() && !graph.is_output(x)) return false;
  const std::optional<Step> offset = scalar_step(graph, x, BinaryKind::kAdd);
  if (offset) {
    x = offset->x;
    op.offset = offset->constant;
  }
  const std::optional<Step> scale = scalar_step(graph, x, BinaryKind::kMul);
  if (scale) {
    x = scale->x;
    op.scale = scale->constant;
  }
  if (!offset && !scale) return false;
  const ValueId image = source_of(graph, x, &op);
  if (image == kNone) return false;
  replace_node(graph, id, graph.add(op, {image}, node.name));
  return true;
}

// A resize that nothing could be taken into reads the picture's bytes all the same.
bool skip_cast_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Resize* resize = node.as<Resize>();
  if (!resize || resize->method != ResizeMethod::kBilinear ||
      graph.value(node.inputs[0]).type.dtype != DType::kFloat32)
    return false;
  const ValueId image = through_cast(graph, node.inputs[0]);
  if (image == node.inputs[0]) return false;
  replace_node(graph, id, graph.add(*resize, {image, node.inputs[1]}, node.name));
  return true;
}

}  // namespace

bool fuse_resize_affine(Graph& graph, const PassContext&) {
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    // Backwards: the last step of a chain takes the whole of it.
    const std::vector<NodeId> order = g.topological_order();
    for (size_t i = order.size(); i-- > 0;) changed = fuse_at(g, order[i]) || changed;
    for (NodeId id : g.topological_order()) changed = skip_cast_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
