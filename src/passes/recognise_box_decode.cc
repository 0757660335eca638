#include "passes/recognise_box_decode.h"

#include <array>
#include <cstring>
#include <optional>

#include "passes/match.h"
#include "passes/nested.h"

namespace thaw {
namespace {

// Column i of a matrix [m,4], as a vector.
struct Column {
  ValueId matrix = kNone;
  size_t index = 0;
};

std::optional<Column> match_column(const Graph& graph, ValueId value) {
  value = behind_identities(graph, value);
  const Node* unpack = maker<Unpack>(graph, value);
  if (!unpack || unpack->as<Unpack>()->count != 4) return {};
  const size_t index = graph.value(value).index;
  const ValueId from = behind_identities(graph, unpack->inputs[0]);
  if (graph.value(from).type.shape.rank() != 2) return {};
  if (unpack->as<Unpack>()->axis == 1 || unpack->as<Unpack>()->axis == -1)
    return Column{from, index};
  const Node* transpose = maker<Transpose>(graph, from);
  if (unpack->as<Unpack>()->axis != 0 || !transpose ||
      !is_ints(graph, transpose->inputs[1], {1, 0}))
    return {};
  return Column{behind_identities(graph, transpose->inputs[0]), index};
}

// Half of x: Div(x, 2) or Mul(x, 0.5); returns x.
std::optional<ValueId> match_half(const Graph& graph, ValueId value) {
  if (const Node* quotient = binary_maker(graph, value, BinaryKind::kDiv))
    if (constant_float(graph, quotient->inputs[1]) == 2.0F)
      return behind_identities(graph, quotient->inputs[0]);
  const Node* product = binary_maker(graph, value, BinaryKind::kMul);
  for (size_t i = 0; product && i < 2; ++i)
    if (constant_float(graph, product->inputs[i]) == 0.5F)
      return behind_identities(graph, product->inputs[1 - i]);
  return {};
}

// What boxes are decoded from along one axis: y and h (0), or x and w (1).
struct Axis {
  ValueId center_code = kNone;
  ValueId size_code = kNone;
  ValueId anchor_center = kNone;
  ValueId anchor_size = kNone;
};

class Matcher {
 public:
  explicit Matcher(const Graph& graph) : graph_(graph) {}

  // transpose = Transpose(Pack(lows and highs of y and x), [1, 0])
  bool run(const Node& transpose) {
    const Node* pack = maker<Pack>(graph_, transpose.inputs[0]);
    const bool boxes = pack && pack->inputs.size() == 4 && pack->as<Pack>()->axis == 0 &&
                       is_ints(graph_, transpose.inputs[1], {1, 0});
    if (!boxes) return false;
    for (size_t i = 0; i < 2; ++i) {
      const std::optional<Axis> axis = match_axis(pack->inputs[i], pack->inputs[2 + i]);
      if (!axis || !match_code(axis->center_code, i) || !match_code(axis->size_code, 2 + i))
        return false;
      axes_[i] = *axis;
    }
    const Shape& shape = graph_.value(encodings_).type.shape;
    if (!shape.is_static() || shape.rank() != 2 || shape[1] != 4) return false;
    boxes_ = shape[0];
    return are_constant() || are_corners();
  }

  ValueId encodings() const { return encodings_; }
  const std::array<float, 4>& scales() const { return scales_; }
  // The anchors' corners [m,4]; kNone when their centers are constant.
  ValueId corners() const { return corners_; }

  // ycenter, xcenter, height, width of anchors that are constant, as few as repeat over the boxes.
  Tensor centers(int64_t batch) const {
    Tensor all = Tensor::empty(DType::kFloat32, {boxes_, 4});
    for (size_t k = 0; k < 4; ++k) {
      const Axis& axis = axes_[k % 2];
      const float* from =
          graph_.constant_value(k < 2 ? axis.anchor_center : axis.anchor_size)->data<float>();
      for (int64_t i = 0; i < boxes_; ++i)
        all.data<float>()[4 * i + static_cast<int64_t>(k)] = from[i];
    }
    if (batch < 1 || boxes_ % batch != 0 || boxes_ == 0) return all;
    const int64_t period = boxes_ / batch;
    const size_t bytes = 16 * static_cast<size_t>(period);
    const auto* p = static_cast<const char*>(all.raw());
    if (std::memcmp(p, p + bytes, all.num_bytes() - bytes) != 0) return all;
    Tensor once = Tensor::empty(DType::kFloat32, {period, 4});
    std::memcpy(once.raw(), p, bytes);
    return once;
  }

 private:
  // low = center - half, high = center + half
  std::optional<Axis> match_axis(ValueId low, ValueId high) const {
    const Node* minus = binary_maker(graph_, low, BinaryKind::kSub);
    const Node* plus = binary_maker(graph_, high, BinaryKind::kAdd);
    if (!minus || !plus) return {};
    const ValueId center = behind_identities(graph_, minus->inputs[0]);
    const ValueId half = behind_identities(graph_, minus->inputs[1]);
    if (behind_identities(graph_, plus->inputs[0]) != center ||
        behind_identities(graph_, plus->inputs[1]) != half)
      return {};
    const std::optional<ValueId> size = match_half(graph_, half);
    if (!size) return {};
    Axis axis;
    return match_size(*size, axis) && match_center(center, axis) ? std::optional(axis)
                                                                 : std::nullopt;
  }

  // exp(code) * anchor
  bool match_size(ValueId size, Axis& axis) const {
    const Node* product = binary_maker(graph_, size, BinaryKind::kMul);
    for (size_t i = 0; product && i < 2; ++i) {
      const Node* exp = unary_maker(graph_, product->inputs[i], UnaryKind::kExp);
      if (!exp) continue;
      axis.size_code = exp->inputs[0];
      axis.anchor_size = behind_identities(graph_, product->inputs[1 - i]);
      return true;
    }
    return false;
  }

  // code * anchor's size + anchor's center
  bool match_center(ValueId center, Axis& axis) const {
    const Node* sum = binary_maker(graph_, center, BinaryKind::kAdd);
    for (size_t i = 0; sum && i < 2; ++i) {
      const Node* product = binary_maker(graph_, sum->inputs[i], BinaryKind::kMul);
      for (size_t k = 0; product && k < 2; ++k) {
        if (behind_identities(graph_, product->inputs[k]) != axis.anchor_size) continue;
        axis.center_code = product->inputs[1 - k];
        axis.anchor_center = behind_identities(graph_, sum->inputs[1 - i]);
        return true;
      }
    }
    return false;
  }

  // Column i of the encodings, divided by its scale when it has one.
  bool match_code(ValueId code, size_t i) {
    scales_[i] = 1;
    if (const Node* quotient = binary_maker(graph_, code, BinaryKind::kDiv)) {
      const std::optional<float> scale = constant_float(graph_, quotient->inputs[1]);
      if (!scale) return false;
      scales_[i] = *scale;
      code = quotient->inputs[0];
    }
    const std::optional<Column> column = match_column(graph_, code);
    if (!column || column->index != i) return false;
    if (i == 0) encodings_ = column->matrix;
    return column->matrix == encodings_;
  }

  bool are_constant() const {
    for (const Axis& axis : axes_)
      for (ValueId v : {axis.anchor_center, axis.anchor_size}) {
        const Tensor* t = graph_.constant_value(v);
        if (!t || t->dtype() != DType::kFloat32 || t->shape() != Shape{boxes_}) return false;
      }
    return true;
  }

  // size = high - low, center = low + size / 2 of the anchors' columns
  bool are_corners() {
    for (size_t i = 0; i < 2; ++i) {
      const Node* difference = binary_maker(graph_, axes_[i].anchor_size, BinaryKind::kSub);
      const Node* sum = binary_maker(graph_, axes_[i].anchor_center, BinaryKind::kAdd);
      if (!difference || !sum) return false;
      const std::optional<Column> high = match_column(graph_, difference->inputs[0]);
      const std::optional<Column> low = match_column(graph_, difference->inputs[1]);
      if (!high || !low || high->index != 2 + i || low->index != i) return false;
      if (behind_identities(graph_, sum->inputs[0]) !=
              behind_identities(graph_, difference->inputs[1]) ||
          match_half(graph_, sum->inputs[1]) != axes_[i].anchor_size)
        return false;
      if (i == 0) corners_ = low->matrix;
      if (low->matrix != corners_ || high->matrix != corners_) return false;
    }
    return graph_.value(corners_).type.shape == Shape{boxes_, 4};
  }

  const Graph& graph_;
  ValueId encodings_ = kNone;
  ValueId corners_ = kNone;
  int64_t boxes_ = 0;
  Axis axes_[2];
  std::array<float, 4> scales_{};
};

bool recognise(Graph& graph, NodeId id) {
  Matcher matcher(graph);
  if (!matcher.run(graph.node(id))) return false;
  // The encodings as they were before they were flattened to [boxes, 4].
  ValueId encodings = matcher.encodings();
  int64_t batch = 1;
  if (const Node* flatten = maker<Reshape>(graph, encodings)) {
    const Shape& shape = graph.value(flatten->inputs[0]).type.shape;
    if (shape.is_static() && shape.rank() > 2 && shape.back() == 4) {
      encodings = flatten->inputs[0];
      batch = shape[0];
    }
  }
  BoxDecode op;
  op.scales = matcher.scales();
  op.corners = matcher.corners() != kNone;
  const ValueId anchors =
      op.corners ? matcher.corners() : graph.constant(matcher.centers(batch), "anchors");
  const ValueId old = graph.node(id).outputs[0];
  const ValueId boxes = graph.add(op, {encodings, anchors}, graph.node(id).name);
  graph.replace_uses(old, reshape_to(graph, boxes, graph.value(old).type.shape));
  return true;
}

}  // namespace

bool recognise_box_decode(Graph& graph, const PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.topological_order())
    if (graph.node(id).as<Transpose>()) changed |= recognise(graph, id);
  const auto nested = [&](Graph& g) { return recognise_box_decode(g, context); };
  return for_each_nested(graph, nested) || changed;
}

}  // namespace thaw
