#include "passes/fold_padding.h"

#include <algorithm>
#include <array>

#include "passes/fusion.h"

namespace thaw {
namespace {

using Pads = std::array<int64_t, 4>;  // top, bottom, left, right

bool is_zero(const Tensor& t) {
  return t.dtype() == DType::kFloat32 && t.num_elements() == 1 && *t.data<float>() == 0;
}

std::optional<Pads> zero_padding(const Graph& graph, ValueId value) {
  const Node* node = graph.producer(value);
  const Pad* pad = node ? node->as<Pad>() : nullptr;
  if (!pad || pad->mode != PadMode::kConstant) return {};
  if (node->inputs.size() == 3) {
    const Tensor* fill = graph.constant_value(node->inputs[2]);
    if (!fill || !is_zero(*fill)) return {};
  }
  const Tensor* table = graph.constant_value(node->inputs[1]);
  if (!table || table->num_elements() != 8) return {};
  const std::vector<int64_t> p = table->ints();
  if (p[0] != 0 || p[1] != 0 || p[6] != 0 || p[7] != 0) return {};
  return Pads{p[2], p[3], p[4], p[5]};
}

// What the window itself pads; nothing when that depends on what is not known.
std::optional<Pads> own_padding(const Window& window, const Shape& x, const Shape& filter) {
  if (window.padding == Padding::kValid) return Pads{};
  if (window.padding == Padding::kExplicit) return window.pads;
  Pads pads{};
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t extent = x[static_cast<int>(axis) + 1];
    const int64_t kernel = filter[static_cast<int>(axis)];
    if (extent < 0 || kernel < 0) return {};
    const int64_t stride = window.strides[axis];
    const int64_t outputs = (extent + stride - 1) / stride;
    const int64_t reach = (outputs - 1) * stride + (kernel - 1) * window.dilations[axis] + 1;
    const int64_t total = std::max<int64_t>(reach - extent, 0);
    pads[2 * axis] = total / 2;
    pads[2 * axis + 1] = total - total / 2;
  }
  return pads;
}

bool fold_at(Graph& graph, NodeId id) {
  Op& op = graph.op(id);
  Window* window = std::get_if<Conv2D>(&op);
  if (!window) window = std::get_if<DepthwiseConv2D>(&op);
  if (!window) return false;
  const ValueId padded = graph.node(id).inputs[0];
  const std::optional<Pads> outer = zero_padding(graph, padded);
  const Shape& x = graph.value(padded).type.shape;
  const Shape& filter = graph.value(graph.node(id).inputs[1]).type.shape;
  if (!outer || x.rank() != 4 || filter.rank() != 4) return false;
  const std::optional<Pads> own = own_padding(*window, x, filter);
  if (!own) return false;
  window->padding = Padding::kExplicit;
  for (size_t i = 0; i < 4; ++i) window->pads[i] = (*outer)[i] + (*own)[i];
  graph.set_input(id, 0, graph.producer(padded)->inputs[0]);
  graph.infer(id);
  return true;
}

}  // namespace

bool fold_padding(Graph& graph, const PassContext&) {
  return for_each_graph(graph, [](Graph& g) {
    bool changed = false;
    for (NodeId id : g.topological_order()) changed = fold_at(g, id) || changed;
    return changed;
  });
}

}  // namespace thaw
