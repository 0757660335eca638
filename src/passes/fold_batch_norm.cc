#include "passes/fold_batch_norm.h"

#include <cmath>

#include "passes/fusion.h"

namespace thaw {
namespace {

// x -> x * scale + offset, for each channel.
struct Affine {
  std::vector<double> scale;
  std::vector<double> offset;
};

std::optional<Affine> affine_of_batch_norm(const Graph& graph, const Node& node,
                                           const BatchNorm& op, int64_t channels) {
  if (op.training) return {};
  std::vector<std::vector<float>> vectors;
  for (size_t i = 1; i < 5; ++i) {
    auto v = channel_constant(graph, node.inputs[i], 1, channels);
    if (!v) return {};
    vectors.push_back(std::move(*v));
  }
  Affine affine;
  for (size_t c = 0; c < vectors[0].size(); ++c) {
    const double variance = static_cast<double>(vectors[3][c]) + static_cast<double>(op.epsilon);
    affine.scale.push_back(vectors[0][c] / std::sqrt(variance));
    affine.offset.push_back(vectors[1][c] - vectors[2][c] * affine.scale.back());
  }
  return affine;
}

std::optional<Affine> affine_of_product(const Graph& graph, ValueId constant, const Shape& shape) {
  const auto factors = channel_constant(graph, constant, shape.rank(), shape.back());
  if (!factors) return {};
  return Affine{{factors->begin(), factors->end()}, std::vector<double>(factors->size(), 0.0)};
}

// The filter with every output channel scaled. HWIO and HWCM both have the output channels in the
// innermost dimensions.
Tensor scaled(const Tensor& filter, const std::vector<double>& scale) {
  Tensor result = Tensor::empty(filter.dtype(), filter.shape());
  const std::vector<float> factors(scale.begin(), scale.end());
  const auto n = static_cast<size_t>(filter.num_elements());
  for (size_t row = 0; row < n; row += factors.size()) {
    const float* in = filter.data<float>() + row;
    float* out = result.data<float>() + row;
    for (size_t c = 0; c < factors.size(); ++c) out[c] = in[c] * factors[c];
  }
  return result;
}

// Applies the affine map within the convolution `layer`; false when that can't be done.
bool apply(Graph& graph, NodeId layer, const Affine& affine) {
  const Node& node = graph.node(layer);
  const size_t channels = affine.scale.size();
  const Tensor* filter = graph.constant_value(node.inputs[1]);
  if (!filter || filter->dtype() != DType::kFloat32) return false;
  std::vector<float> bias(channels, 0.0F);
  bool has_bias = node.inputs.size() == 3;
  if (has_bias) {
    auto own = channel_constant(graph, node.inputs[2], 1, static_cast<int64_t>(channels));
    if (!own) return false;
    bias = std::move(*own);
  }
  for (size_t c = 0; c < channels; ++c) {
    bias[c] = static_cast<float>(bias[c] * affine.scale[c] + affine.offset[c]);
    has_bias = has_bias || bias[c] != 0;
  }
  std::vector<ValueId> inputs{node.inputs[0],
                              graph.constant(scaled(*filter, affine.scale), node.name)};
  if (has_bias) inputs.push_back(add_vector(graph, bias, node.name));
  graph.set_inputs(layer, std::move(inputs));
  graph.infer(layer);
  return true;
}

ValueId written_out(Graph& graph, ValueId x, const Affine& affine, const std::string& name) {
  const auto vector = [&](const std::vector<double>& v) {
    return add_vector(graph, {v.begin(), v.end()}, name);
  };
  Binary multiply;
  multiply.kind = BinaryKind::kMul;
  const ValueId product = graph.add(multiply, {x, vector(affine.scale)}, name);
  return graph.add(Binary{}, {product, vector(affine.offset)}, name);
}

bool fold_at(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const BatchNorm* norm = node.as<BatchNorm>();
  const Binary* product = node.as<Binary>();
  if (!norm && !(product && product->kind == BinaryKind::kMul)) return false;
  WithConstant operands{node.inputs[0], kNone, false};
  if (product) {
    const std::optional<WithConstant> found = split_constant(graph, node);
    if (!found) return false;
    operands = *found;
  }
  const TensorType type = graph.value(operands.value).type;
  if (!type.shape.has_rank() || type.shape.rank() == 0 || type.dtype != DType::kFloat32)
    return false;
  const NodeId layer = open_linear(graph, operands.value);
  const bool convolution = layer != kNone && !graph.node(layer).as<MatMul>();
  if (product && !convolution) return false;
  const std::optional<Affine> affine =
      norm ? affine_of_batch_norm(graph, node, *norm, type.shape.back())
           : affine_of_product(graph, operands.constant, type.shape);
  if (!affine) return false;
  if (convolution && apply(graph, layer, *affine)) {
    if (product) *linear_activation(graph.op(layer)) = product->activation;
    replace_node(graph, id, graph.node(layer).outputs[0]);
    return true;
  }
  if (!norm) return false;
  replace_node(graph, id, written_out(graph, operands.value, *affine, node.name));
  return true;
}

}  // namespace

bool fold_batch_norm(Graph& graph, const PassContext&) {
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = fold_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
