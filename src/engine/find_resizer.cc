#include "engine/find_resizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/build_engine.h"
#include "ops/traits.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The graph up to the input of its first layer; without outputs where it has none.
Graph preprocessing(const Graph& graph) {
  Graph part = graph.clone();
  while (!part.outputs().empty()) part.remove_output(part.outputs().size() - 1);
  for (const NodeId id : part.topological_order()) {
    if (!traits(part.node(id).op).is_layer || part.node(id).as<MatMul>()) continue;
    part.add_output("pixels", part.node(id).inputs[0]);
    break;
  }
  return part;
}

// Height and width of what the last resizing gives, {} where there is none.
void find_size(const Graph& graph, Shape& size) {
  for (const NodeId id : graph.topological_order()) {
    const Node& node = graph.node(id);
    if (const auto* affine = node.as<ResizeAffine>()) size = {affine->height, affine->width};
    const Shape& out = node.outputs.empty() ? size : graph.value(node.outputs[0]).type.shape;
    if (node.as<Resize>()) size = out.rank() == 4 ? Shape{out[1], out[2]} : Shape{-1, -1};
  }
  for (size_t i = 0; i < graph.num_subgraphs(); ++i)
    find_size(graph.subgraph({static_cast<int64_t>(i)}), size);
}

Shape size_of(const Graph& part, const std::vector<TensorInfo>& inputs, int64_t height,
              int64_t width) {
  std::vector<Shape> shapes;
  for (const TensorInfo& info : inputs) {
    Shape shape = info.optional ? Shape::unknown() : info.shape;
    const Shape picture{1, height, width, 3};
    for (int i = 0; i < shape.rank(); ++i)
      if (shape[i] == kUnknownDim) shape[i] = shape.rank() == 4 ? picture[i] : 1;
    shapes.push_back(shape);
  }
  Shape size;
  find_size(optimised_graph(part, shapes, {}, Target()), size);
  return size;
}

}  // namespace

void find_resizer(const Graph& graph, const std::vector<TensorInfo>& inputs, DetectorInfo& info) {
  // No network takes such pictures as they are, which would need no resizing.
  constexpr int64_t kShort = 97, kLong = 1940;
  info.input_size = Shape::unknown_of_rank(2);
  info.resizer = "unknown";
  try {
    const Graph part = preprocessing(graph);
    if (part.outputs().empty()) return;
    const Shape square = size_of(part, inputs, kShort, kShort);
    const Shape wide = size_of(part, inputs, kShort, kLong);
    const bool as_they_are = square == Shape{kShort, kShort} && wide == Shape{kShort, kLong};
    if (square.rank() == 0 || as_they_are) {
      info.resizer = "none";
    } else if (!square.is_static() || !wide.is_static()) {
      return;
    } else if (square == wide) {
      info.input_size = square;
      info.resizer = fmt::format("to {}x{}", square[0], square[1]);
    } else {
      info.resizer = fmt::format("keep aspect ratio {}..{}", square[0], std::max(wide[0], wide[1]));
    }
  } catch (const InputError&) {  // such pictures are not what it takes
  }
}

}  // namespace thaw
