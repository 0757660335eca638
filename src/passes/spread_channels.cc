#include "passes/spread_channels.h"

#include <algorithm>
#include <cmath>

namespace thaw {
namespace {

// How far a channel can be scaled up before it leaves the tensor's range.
float factor_of(const std::array<float, 2>& channel, const ValueRange& whole) {
  constexpr float kMost = 1024;  // of a channel that hardly ever is anything but zero
  float factor = kMost;
  if (channel[1] > 0) factor = std::min(factor, whole.high / channel[1]);
  if (channel[0] < 0) factor = std::min(factor, whole.low / channel[0]);
  return std::isfinite(factor) ? std::max(factor, 1.0F) : 1.0F;
}

// Each element times the factor of its channel, which changes every `run` elements.
ValueId scaled(Graph& graph, ValueId constant, const std::vector<float>& factors, size_t run) {
  const Tensor& from = *graph.constant_value(constant);
  Tensor to = Tensor::empty(from.dtype(), from.shape());
  for (size_t i = 0; i < static_cast<size_t>(from.num_elements()); ++i)
    to.data<float>()[i] = from.data<float>()[i] * factors[i / run % factors.size()];
  return graph.constant(std::move(to), graph.value(constant).name);
}

bool fits(const Graph& graph, ValueId x, size_t channels) {
  const Shape& shape = graph.value(x).type.shape;
  if (shape.rank() != 4 || shape[3] != static_cast<int64_t>(channels)) return false;
  const IdList& users = graph.value(x).users;
  return std::all_of(users.begin(), users.end(), [&](NodeId id) {
    const Node& node = graph.node(id);
    if (!node.as<DepthwiseConv2D>()) return false;
    const Tensor* filter = graph.constant_value(node.inputs[1]);
    return filter && filter->rank() == 4 && filter->dim(2) == static_cast<int64_t>(channels);
  });
}

}  // namespace

void spread_channels(Graph& graph, ValueId x, const ValueRange& range) {
  if (range.channels.empty() || !fits(graph, x, range.channels.size())) return;
  std::vector<float> up;
  std::vector<float> down;
  for (const auto& channel : range.channels) {
    up.push_back(factor_of(channel, range));
    down.push_back(1 / up.back());
  }
  const NodeId maker = graph.value(x).producer;
  for (size_t i = 1; i < graph.node(maker).inputs.size(); ++i)
    graph.set_input(maker, i, scaled(graph, graph.node(maker).inputs[i], up, 1));
  const std::vector<NodeId> users(graph.value(x).users.begin(), graph.value(x).users.end());
  for (const NodeId user : users) {
    const ValueId filter = graph.node(user).inputs[1];
    const auto each = static_cast<size_t>(graph.constant_value(filter)->dim(3));
    graph.set_input(user, 1, scaled(graph, filter, down, each));
  }
}

}  // namespace thaw
