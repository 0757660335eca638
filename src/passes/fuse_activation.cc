#include "passes/fuse_activation.h"

#include "passes/eliminate_dead_code.h"
#include "passes/fusion.h"

namespace thaw {
namespace {

bool is_unary(const Graph& graph, ValueId value, UnaryKind kind) {
  const Unary* unary = graph.produced_by<Unary>(value);
  return unary && unary->kind == kind;
}

// What `value` is before a constant was added to it; kNone when it is no such sum.
ValueId before_adding(const Graph& graph, ValueId value, float addend) {
  const Node* node = graph.producer(value);
  const Binary* binary = node ? node->as<Binary>() : nullptr;
  if (!binary || binary->activation != Activation::kNone) return kNone;
  const std::optional<WithConstant> operands = split_constant(graph, *node);
  if (!operands) return kNone;
  const std::optional<float> c = constant_scalar(graph, operands->constant);
  if (!c) return kNone;
  if (binary->kind == BinaryKind::kAdd && *c == addend) return operands->value;
  if (binary->kind == BinaryKind::kSub && !operands->constant_first && *c == -addend)
    return operands->value;
  return kNone;
}

// x for Relu(x) - Relu(x - 6), else kNone.
ValueId difference_of_relus(const Graph& graph, const Node& node) {
  for (ValueId v : node.inputs)
    if (!is_unary(graph, v, UnaryKind::kRelu)) return kNone;
  const ValueId x = graph.producer(node.inputs[0])->inputs[0];
  const ValueId shifted = graph.producer(node.inputs[1])->inputs[0];
  return before_adding(graph, shifted, -6.0F) == x ? x : kNone;
}

bool to_unary(Graph& graph, NodeId id, UnaryKind kind, ValueId x) {
  // A constant of more dimensions than x would have given its rank to the result.
  const Shape& shape = graph.value(x).type.shape;
  if (!shape.has_rank() || shape != graph.value(graph.node(id).outputs[0]).type.shape) return false;
  const ValueId y = graph.add(Unary{kind}, {x}, graph.node(id).name);
  replace_node(graph, id, y);
  return true;
}

bool recognise(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Binary* binary = node.as<Binary>();
  if (!binary || binary->activation != Activation::kNone) return false;
  if (graph.value(node.outputs[0]).type.dtype != DType::kFloat32) return false;
  if (binary->kind == BinaryKind::kSub) {
    const ValueId x = difference_of_relus(graph, node);
    return x != kNone && to_unary(graph, id, UnaryKind::kRelu6, x);
  }
  if (binary->kind != BinaryKind::kMaximum && binary->kind != BinaryKind::kMinimum) return false;
  const std::optional<WithConstant> operands = split_constant(graph, node);
  if (!operands) return false;
  const std::optional<float> c = constant_scalar(graph, operands->constant);
  if (!c) return false;
  if (binary->kind == BinaryKind::kMaximum)
    return *c == 0.0F && to_unary(graph, id, UnaryKind::kRelu, operands->value);
  if (*c != 6.0F || !is_unary(graph, operands->value, UnaryKind::kRelu)) return false;
  return to_unary(graph, id, UnaryKind::kRelu6, graph.producer(operands->value)->inputs[0]);
}

bool fuse_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Unary* unary = node.as<Unary>();
  if (!unary || (unary->kind != UnaryKind::kRelu && unary->kind != UnaryKind::kRelu6)) return false;
  const ValueId x = node.inputs[0];
  const NodeId producer = graph.value(x).producer;
  if (producer == kNone || !graph.has_one_user(x) || graph.value(x).type.dtype != DType::kFloat32)
    return false;
  Activation* activation = linear_activation(graph.op(producer));
  if (auto* sum = std::get_if<Binary>(&graph.op(producer)))
    if (sum->kind == BinaryKind::kAdd) activation = &sum->activation;
  if (!activation || *activation != Activation::kNone) return false;
  *activation = unary->kind == UnaryKind::kRelu ? Activation::kRelu : Activation::kRelu6;
  replace_node(graph, id, x);
  return true;
}

}  // namespace

bool fuse_activation(Graph& graph, const PassContext& context) {
  return for_each_graph(graph, [&context](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = recognise(g, id) || changed;
    // What the recognised forms leave over would count as a second reader.
    if (changed) eliminate_dead_code(g, context);
    for (NodeId id : g.topological_order()) changed = fuse_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
