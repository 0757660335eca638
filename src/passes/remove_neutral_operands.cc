#include "passes/remove_neutral_operands.h"

#include "passes/fusion.h"

namespace thaw {
namespace {

bool all_elements_are(const Tensor& t, int value) {
  if (t.num_elements() > 4096) return false;
  const bool is_float = t.dtype() == DType::kFloat32;
  if (!is_float && !is_integer(t.dtype())) return false;
  for (int64_t i = 0; i < t.num_elements(); ++i)
    if (is_float ? t.data<float>()[i] != static_cast<float>(value) : t.int_at(i) != value)
      return false;
  return true;
}

bool is_positive_zero(const Tensor& t) {
  for (int64_t i = 0; i < t.num_elements(); ++i)
    if (t.dtype() == DType::kFloat32 && 1 / t.data<float>()[i] < 0) return false;
  return true;
}

bool is_neutral(BinaryKind kind, const WithConstant& operands, const Tensor& constant) {
  switch (kind) {
    case BinaryKind::kMul:
      return all_elements_are(constant, 1);
    case BinaryKind::kDiv:
      return !operands.constant_first && all_elements_are(constant, 1);
    case BinaryKind::kSub:
      // x - (-0) is x + 0, which is 0 where x is -0.
      return !operands.constant_first && all_elements_are(constant, 0) &&
             is_positive_zero(constant);
    case BinaryKind::kAdd:
      return is_integer(constant.dtype()) && all_elements_are(constant, 0);
    default:
      return false;
  }
}

bool remove_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Binary* binary = node.as<Binary>();
  if (!binary || binary->activation != Activation::kNone) return false;
  const std::optional<WithConstant> operands = split_constant(graph, node);
  if (!operands) return false;
  const Shape& shape = graph.value(operands->value).type.shape;
  if (!shape.has_rank() || shape != graph.value(node.outputs[0]).type.shape) return false;
  const Tensor& constant = *graph.constant_value(operands->constant);
  // A constant that is more than a scalar could stretch a dimension that is not known.
  if (!shape.is_static() && constant.num_elements() != 1) return false;
  if (!is_neutral(binary->kind, *operands, constant)) return false;
  replace_node(graph, id, operands->value);
  return true;
}

}  // namespace

bool remove_neutral_operands(Graph& graph, const PassContext&) {
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = remove_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
