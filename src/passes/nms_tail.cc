#include "passes/nms_tail.h"

namespace thaw {
namespace {

// Gather(x, indices) of rows; returns x.
std::optional<ValueId> behind_row_gather(const Graph& graph, ValueId value, ValueId indices) {
  const Node* node = maker<Gather>(graph, value);
  const bool fits = node && node->as<Gather>()->batch_dims == 0 &&
                    is_int(graph, node->inputs[2], 0) &&
                    behind_identities(graph, node->inputs[1]) == behind_identities(graph, indices);
  return fits ? std::optional(behind_identities(graph, node->inputs[0])) : std::nullopt;
}

// Column i of boxes [n,4] as [n,1].
bool is_column(const Graph& graph, ValueId value, ValueId boxes, size_t i) {
  const Node* split = maker<Split>(graph, value);
  return split && split->as<Split>()->count == 4 && is_int(graph, split->inputs[0], 1) &&
         is_result(graph, value, split, i) &&
         behind_identities(graph, split->inputs[1]) == behind_identities(graph, boxes);
}

// The four columns that a value [n,4] is put together from.
std::optional<std::vector<ValueId>> joined_columns(const Graph& graph, ValueId value) {
  const Node* concat = maker<Concat>(graph, value);
  if (!concat || concat->inputs.size() != 5 || !is_int(graph, concat->inputs[4], 1)) return {};
  return std::vector<ValueId>(concat->inputs.begin(), concat->inputs.end() - 1);
}

// (ymax - ymin) * (xmax - xmin) as a vector.
bool is_area(const Graph& graph, ValueId value, ValueId boxes) {
  const Node* flat = maker(graph, value);
  if (!flat || (!flat->as<Squeeze>() && !flat->as<Reshape>())) return false;
  if (graph.value(value).type.shape.rank() != 1) return false;
  const Node* product = binary_maker(graph, flat->inputs[0], BinaryKind::kMul);
  if (!product) return false;
  for (size_t i = 0; i < 2; ++i) {
    const Node* side = binary_maker(graph, product->inputs[i], BinaryKind::kSub);
    if (!side || !is_column(graph, side->inputs[0], boxes, 2 + i) ||
        !is_column(graph, side->inputs[1], boxes, i))
      return false;
  }
  return true;
}

// The boxes whose area a value may be: what the split behind it divides.
std::optional<ValueId> boxes_of_area(const Graph& graph, ValueId value) {
  const Node* flat = maker(graph, value);
  if (!flat || flat->inputs.empty()) return {};
  const Node* product = binary_maker(graph, flat->inputs[0], BinaryKind::kMul);
  const Node* side = product ? binary_maker(graph, product->inputs[0], BinaryKind::kSub) : nullptr;
  const Node* split = side ? maker<Split>(graph, side->inputs[0]) : nullptr;
  if (!split) return {};
  const ValueId boxes = behind_identities(graph, split->inputs[1]);
  return is_area(graph, value, boxes) ? std::optional(boxes) : std::nullopt;
}

// Slice(x, 0, [Select(x's rows > rows, rows, -1), all...]) is x, which never has more than rows.
std::optional<ValueId> behind_cut(const Graph& graph, Extents& extents, ValueId value,
                                  int64_t rows) {
  const Node* slice = maker<Slice>(graph, value);
  if (!slice) return behind_identities(graph, value);
  const ValueId x = behind_identities(graph, slice->inputs[0]);
  const Shape& shape = graph.value(x).type.shape;
  if (!shape.has_rank()) return {};
  for (int i = 0; i < shape.rank(); ++i) {
    if (extents.element(slice->inputs[1], i) != Extents::constant(0)) return {};
    const Extent size = extents.element(slice->inputs[2], i);
    const bool all =
        size == Extents::constant(-1) || (size.is_constant() && size == extents.dim(x, i));
    if (i > 0 && !all) return {};
  }
  const Node* sizes = maker(graph, slice->inputs[2]);
  const bool direct = sizes && !sizes->inputs.empty() &&
                      (sizes->as<Pack>() || sizes->as<Reshape>() || sizes->as<ExpandDims>());
  const Node* select = direct ? maker<Select>(graph, sizes->inputs[0]) : nullptr;
  if (!select || !is_int(graph, select->inputs[1], rows) || !is_int(graph, select->inputs[2], -1))
    return {};
  const Node* greater = binary_maker(graph, select->inputs[0], BinaryKind::kGreater);
  if (!greater) return {};
  const Extent over = extents.scalar(greater->inputs[0]) - extents.scalar(greater->inputs[1]);
  if (over != extents.dim(x, 0) - Extents::constant(rows)) return {};
  return x;
}

class TailMatcher {
 public:
  TailMatcher(const Graph& graph, Extents& extents) : graph_(graph), extents_(extents) {}

  // count = Select(most > valid, valid, most): most = min(rows, scores), valid those >= 0.
  std::optional<NmsTail> run(const NmsEnd& end) {
    tail_.max_total = end.rows;
    const Node* select = maker<Select>(graph_, end.count);
    const Node* greater =
        select ? binary_maker(graph_, select->inputs[0], BinaryKind::kGreater) : nullptr;
    if (!greater) return {};
    const ValueId valid = behind_identities(graph_, select->inputs[1]);
    const Extent most = extents_.scalar(select->inputs[2]);
    const bool smaller = behind_identities(graph_, greater->inputs[1]) == valid &&
                         extents_.scalar(greater->inputs[0]) == most;
    if (!smaller || !match_valid(valid)) return {};
    const Extent all = extents_.dim(tail_.scores, 0);
    if (most != extents_.min(Extents::constant(end.rows), all)) return {};
    if (!match_scores() || !match_kept() || !match_clip() || !match_classes()) return {};
    return std::move(tail_);
  }

 private:
  // Sum(Cast(scores >= 0))
  bool match_valid(ValueId valid) {
    const Node* sum = maker<Reduce>(graph_, valid);
    const bool sums = sum && sum->as<Reduce>()->kind == ReduceKind::kSum &&
                      !sum->as<Reduce>()->keep_dims && is_int(graph_, sum->inputs[1], 0);
    const Node* cast = sums ? maker<Cast>(graph_, sum->inputs[0]) : nullptr;
    if (!cast || cast->as<Cast>()->dtype != DType::kInt32) return false;
    const Node* reached = binary_maker(graph_, cast->inputs[0], BinaryKind::kGreaterEqual);
    if (!reached || splat(graph_, reached->inputs[1]) != 0.0F) return false;
    tail_.scores = behind_identities(graph_, reached->inputs[0]);
    return graph_.value(tail_.scores).type.shape.rank() == 1;
  }

  // scores = Select(Cast<bool>(area of the kept boxes), Gather(ordered scores, kept), -1), which
  // changes nothing because the kept boxes have an area.
  bool match_scores() {
    const Node* select = maker<Select>(graph_, tail_.scores);
    if (!select || splat(graph_, select->inputs[2]) != -1.0F) return false;
    const Node* gather = maker<Gather>(graph_, select->inputs[1]);
    const Node* cast = maker<Cast>(graph_, select->inputs[0]);
    if (!gather || !cast || cast->as<Cast>()->dtype != DType::kBool) return false;
    tail_.kept = behind_identities(graph_, gather->inputs[1]);
    const std::optional<ValueId> boxes = boxes_of_area(graph_, cast->inputs[0]);
    const std::optional<ValueId> clipped =
        boxes ? behind_row_gather(graph_, *boxes, tail_.kept) : std::nullopt;
    const std::optional<ValueId> ordered = behind_row_gather(graph_, select->inputs[1], tail_.kept);
    if (!clipped || !ordered) return false;
    tail_.clipped = *clipped;
    ordered_scores_ = *ordered;
    for (NodeId user : graph_.value(tail_.scores).users) {
      const Node& sort = graph_.node(user);
      if (sort.as<TopK>() && sort.as<TopK>()->sorted && sort.inputs[0] == tail_.scores &&
          extents_.scalar(sort.inputs[1]) == extents_.dim(tail_.scores, 0))
        tail_.last_sort = &sort;
    }
    return tail_.last_sort != nullptr;
  }

  // kept = Cast(Reshape(Where(area of clipped > 0), [-1]))
  bool match_kept() {
    ValueId v = tail_.kept;
    if (graph_.value(v).type.shape.rank() != 1) return false;
    if (const Node* cast = maker<Cast>(graph_, v)) v = cast->inputs[0];
    const Node* flat = maker(graph_, v);
    if (!flat || (!flat->as<Reshape>() && !flat->as<Squeeze>())) return false;
    const Node* where = maker<Where>(graph_, flat->inputs[0]);
    const Node* greater =
        where ? binary_maker(graph_, where->inputs[0], BinaryKind::kGreater) : nullptr;
    return greater && splat(graph_, greater->inputs[1]) == 0.0F &&
           is_area(graph_, greater->inputs[0], tail_.clipped);
  }

  // clipped = Concat(max(min(ymin, window's ymax), window's ymin), ... xmin, ymax, xmax)
  bool match_clip() {
    const std::optional<std::vector<ValueId>> columns = joined_columns(graph_, tail_.clipped);
    if (!columns) return false;
    std::vector<FloatElement> low;
    std::vector<FloatElement> high;
    ValueId boxes = kNone;
    for (size_t i = 0; i < 4; ++i) {
      const Node* maximum = binary_maker(graph_, (*columns)[i], BinaryKind::kMaximum);
      const Node* minimum =
          maximum ? binary_maker(graph_, maximum->inputs[0], BinaryKind::kMinimum) : nullptr;
      const Node* split = minimum ? maker<Split>(graph_, minimum->inputs[0]) : nullptr;
      if (!split) return false;
      if (i == 0) boxes = behind_identities(graph_, split->inputs[1]);
      if (!is_column(graph_, minimum->inputs[0], boxes, i)) return false;
      const std::optional<FloatElement> lo = float_element(graph_, maximum->inputs[1]);
      const std::optional<FloatElement> hi = float_element(graph_, minimum->inputs[1]);
      if (!lo || !hi) return false;
      low.push_back(*lo);
      high.push_back(*hi);
    }
    if (!(low[0] == low[2]) || !(low[1] == low[3])) return false;
    if (!(high[0] == high[2]) || !(high[1] == high[3])) return false;
    tail_.window = {low[0], low[1], high[0], high[1]};
    const Node* gather = maker<Gather>(graph_, boxes);
    tail_.first_sort = gather ? maker<TopK>(graph_, gather->inputs[1]) : nullptr;
    if (!tail_.first_sort) return false;
    const std::optional<ValueId> all =
        behind_row_gather(graph_, boxes, tail_.first_sort->outputs[1]);
    if (!all) return false;
    tail_.all_boxes = *all;
    return true;
  }

  // The first sort's scores are the classes', its boxes those that they chose.
  bool match_classes() {
    const Node& sort = *tail_.first_sort;
    const ValueId all = behind_identities(graph_, sort.inputs[0]);
    if (!sort.as<TopK>()->sorted || extents_.scalar(sort.inputs[1]) != extents_.dim(all, 0))
      return false;
    const bool by_sort = is_result(graph_, ordered_scores_, &sort, 0) ||
                         behind_row_gather(graph_, ordered_scores_, sort.outputs[1]) == all;
    if (!by_sort) return false;
    std::optional<NmsClasses> classes = match_nms_classes(graph_, extents_, all);
    if (!classes) return false;
    tail_.classes = std::move(*classes);
    const std::optional<NmsField> boxes =
        match_nms_field(graph_, extents_, tail_.classes, tail_.all_boxes);
    return boxes && boxes->kind == NmsField::Kind::kBoxes;
  }

  const Graph& graph_;
  Extents& extents_;
  NmsTail tail_;
  ValueId ordered_scores_ = kNone;
};

// 1 / (window's high - low) along y (0) or x (1).
bool is_window_scale(const Graph& graph, ValueId value, const std::vector<FloatElement>& window,
                     size_t axis) {
  const FloatElement& low = window[axis];
  const FloatElement& high = window[2 + axis];
  if (const std::optional<float> c = constant_float(graph, value))
    return low.vector == kNone && high.vector == kNone &&
           *c == 1.0F / (high.constant - low.constant);
  const Node* quotient = binary_maker(graph, value, BinaryKind::kDiv);
  if (!quotient || splat(graph, quotient->inputs[0]) != 1.0F) return false;
  const Node* side = binary_maker(graph, quotient->inputs[1], BinaryKind::kSub);
  return side && float_element(graph, side->inputs[0]) == high &&
         float_element(graph, side->inputs[1]) == low;
}

// Boxes relative to the window: Concat(scale * Split(boxes - [ymin, xmin, ymin, xmin]));
// returns boxes.
std::optional<ValueId> behind_frame_change(const Graph& graph, ValueId value,
                                           const std::vector<FloatElement>& window) {
  const std::optional<std::vector<ValueId>> columns = joined_columns(graph, value);
  if (!columns) return {};
  ValueId moved = kNone;
  for (size_t i = 0; i < 4; ++i) {
    const Node* product = binary_maker(graph, (*columns)[i], BinaryKind::kMul);
    const Node* split = product ? maker<Split>(graph, product->inputs[1]) : nullptr;
    if (!split || !is_window_scale(graph, product->inputs[0], window, i % 2)) return {};
    if (i == 0) moved = behind_identities(graph, split->inputs[1]);
    if (!is_column(graph, product->inputs[1], moved, i)) return {};
  }
  const Node* difference = binary_maker(graph, moved, BinaryKind::kSub);
  if (!difference) return {};
  const std::optional<std::vector<FloatElement>> corner =
      float_elements(graph, difference->inputs[1], 4);
  if (!corner) return {};
  for (size_t i = 0; i < 4; ++i)
    if (!((*corner)[i] == window[i % 2])) return {};
  return behind_identities(graph, difference->inputs[0]);
}

}  // namespace

// Pad(Slice(Gather(Gather(x, 0..min(rows, x's)), 0..count)), [[0, rows - count], [0, 0]...])
std::optional<NmsEnd> match_nms_end(const Graph& graph, Extents& extents, const Node& pad) {
  const Shape& shape = graph.value(pad.outputs[0]).type.shape;
  if (pad.as<Pad>()->mode != PadMode::kConstant || !shape.has_rank() || shape.rank() < 1) return {};
  if (pad.inputs.size() > 2 && splat(graph, pad.inputs[2]) != 0.0F) return {};
  const Extent rows = extents.element(pad.inputs[1], 0, 1) + extents.dim(pad.inputs[0], 0);
  if (!rows.is_constant()) return {};
  for (int i = 0; i < shape.rank(); ++i)
    if (extents.element(pad.inputs[1], i, 0) != Extents::constant(0) ||
        (i > 0 && extents.element(pad.inputs[1], i, 1) != Extents::constant(0)))
      return {};
  const std::optional<ValueId> cut = behind_cut(graph, extents, pad.inputs[0], rows.constant);
  const Node* counted = cut ? maker<Gather>(graph, *cut) : nullptr;
  const Node* upto = counted ? maker<Range>(graph, counted->inputs[1]) : nullptr;
  if (!upto || !is_iota(graph, counted->inputs[1])) return {};
  const std::optional<ValueId> most_rows = behind_row_gather(graph, *cut, counted->inputs[1]);
  const Node* most = most_rows ? maker<Gather>(graph, *most_rows) : nullptr;
  if (!most || !is_iota(graph, most->inputs[1])) return {};
  const std::optional<ValueId> all = behind_row_gather(graph, *most_rows, most->inputs[1]);
  if (!all) return {};
  if (extents.dim(most->inputs[1], 0) != extents.min(rows, extents.dim(*all, 0))) return {};
  const ValueId count = behind_identities(graph, upto->inputs[1]);
  return NmsEnd{pad.outputs[0], rows.constant, count, *all};
}

std::optional<NmsTail> match_nms_tail(const Graph& graph, Extents& extents, const NmsEnd& end) {
  return TailMatcher(graph, extents).run(end);
}

std::optional<NmsResult> match_nms_result(const Graph& graph, Extents& extents, const NmsTail& tail,
                                          ValueId ordered) {
  NmsResult result;
  const ValueId order = tail.last_sort->outputs[1];
  if (is_result(graph, ordered, tail.last_sort, 0) ||
      behind_row_gather(graph, ordered, order) == tail.scores) {
    result.kind = NmsResult::Kind::kScores;
    return result;
  }
  if (const std::optional<ValueId> x = behind_frame_change(graph, ordered, tail.window)) {
    result.in_window_frame = true;
    ordered = *x;
  }
  const std::optional<ValueId> kept = behind_row_gather(graph, ordered, order);
  const std::optional<ValueId> all =
      kept ? behind_row_gather(graph, *kept, tail.kept) : std::nullopt;
  if (!all) return {};
  if (*all == tail.clipped) {
    result.kind = NmsResult::Kind::kBoxes;
    return result;
  }
  const std::optional<ValueId> by_class =
      behind_row_gather(graph, *all, tail.first_sort->outputs[1]);
  if (!by_class || result.in_window_frame) return {};
  const std::optional<NmsField> field = match_nms_field(graph, extents, tail.classes, *by_class);
  if (!field) return {};
  result.kind =
      field->kind == NmsField::Kind::kLabels ? NmsResult::Kind::kLabels : NmsResult::Kind::kField;
  result.field = *field;
  return result;
}

}  // namespace thaw
