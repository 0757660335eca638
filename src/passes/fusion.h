// What the fusing passes share: reading constants out of a graph and changing linear layers.
#pragma once

#include <optional>
#include <vector>

#include "ops/traits.h"
#include "passes/nested.h"

namespace thaw {

// Applies f(graph) to the graph and to all graphs nested in its live nodes; true when any call was.
template <class F>
bool for_each_graph(Graph& graph, const F& f) {
  const bool changed = f(graph);
  return for_each_nested(graph, [&f](Graph& g) { return for_each_graph(g, f); }) || changed;
}

// The one element of a float32 constant.
std::optional<float> constant_scalar(const Graph& graph, ValueId value);
// A float32 constant that varies along the last dimension alone, when broadcast to a tensor of that
// rank whose last dimension is `channels`: one number for each channel.
std::optional<std::vector<float>> channel_constant(const Graph& graph, ValueId value, int rank,
                                                   int64_t channels);
ValueId add_vector(Graph& graph, const std::vector<float>& values, const std::string& name);

// A Binary's two operands told apart: one is made by something, the other is a constant.
struct WithConstant {
  ValueId value = kNone;
  ValueId constant = kNone;
  bool constant_first = false;
};
std::optional<WithConstant> split_constant(const Graph& graph, const Node& node);

// A Conv2D, DepthwiseConv2D or MatMul that alone makes `value`, which has one reader, and that
// applies no activation: it may still be given a bias. kNone otherwise.
NodeId open_linear(Graph& graph, ValueId value);

// `node` is gone; its readers take `value`.
void replace_node(Graph& graph, NodeId node, ValueId value);

}  // namespace thaw
