#include "passes/fusion.h"

#include <algorithm>

namespace thaw {

std::optional<float> constant_scalar(const Graph& graph, ValueId value) {
  const Tensor* t = graph.constant_value(value);
  if (!t || t->dtype() != DType::kFloat32 || t->num_elements() != 1) return {};
  return *t->data<float>();
}

std::optional<std::vector<float>> channel_constant(const Graph& graph, ValueId value, int rank,
                                                   int64_t channels) {
  const Tensor* t = graph.constant_value(value);
  if (!t || t->dtype() != DType::kFloat32 || channels < 1 || t->rank() > rank) return {};
  const float* data = t->data<float>();
  if (t->num_elements() == 1) return std::vector<float>(static_cast<size_t>(channels), *data);
  if (t->num_elements() != channels || t->shape().back() != channels) return {};
  return std::vector<float>(data, data + channels);
}

ValueId add_vector(Graph& graph, const std::vector<float>& values, const std::string& name) {
  const Shape shape{static_cast<int64_t>(values.size())};
  return graph.constant(Tensor::of<float>(DType::kFloat32, shape, values), name);
}

std::optional<WithConstant> split_constant(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 2) return {};
  const bool first = graph.constant_value(node.inputs[0]) != nullptr;
  const bool second = graph.constant_value(node.inputs[1]) != nullptr;
  if (first == second) return {};
  return WithConstant{node.inputs[first ? 1 : 0], node.inputs[first ? 0 : 1], first};
}

NodeId open_linear(Graph& graph, ValueId value) {
  const NodeId producer = graph.value(value).producer;
  if (producer == kNone || !graph.has_one_user(value)) return kNone;
  const Activation* activation = linear_activation(graph.op(producer));
  return activation && *activation == Activation::kNone ? producer : kNone;
}

void replace_node(Graph& graph, NodeId node, ValueId value) {
  graph.replace_uses(graph.node(node).outputs[0], value);
  graph.remove_node(node);
}

}  // namespace thaw
