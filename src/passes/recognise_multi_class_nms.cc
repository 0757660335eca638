#include "passes/recognise_multi_class_nms.h"

#include <algorithm>
#include <map>

#include "graph/infer.h"
#include "passes/nested.h"
#include "passes/nms_tail.h"

namespace thaw {
namespace {

// What a recognised result becomes.
struct Replacement {
  ValueId old = kNone;
  size_t output = 0;  // of MultiClassNms
};

class Builder {
 public:
  Builder(Graph& graph, const NmsTail& tail) : graph_(graph), tail_(tail) {
    op_.iou_threshold = tail.classes.iou_threshold;
    op_.score_threshold = tail.classes.score_threshold;
    op_.max_per_class = tail.classes.max_per_class;
    op_.max_total = tail.max_total;
    op_.has_valid = tail.classes.scores.valid != kNone;
  }

  // Takes a result over if the op can give it.
  void add(ValueId old, const NmsResult& result) {
    switch (result.kind) {
      case NmsResult::Kind::kBoxes:
        if (has_boxes_ && op_.change_coordinate_frame != result.in_window_frame) return;
        has_boxes_ = true;
        op_.change_coordinate_frame = result.in_window_frame;
        return replacements_.push_back({old, 0});
      case NmsResult::Kind::kScores:
        return replacements_.push_back({old, 1});
      case NmsResult::Kind::kLabels:
        return replacements_.push_back({old, 2});
      case NmsResult::Kind::kField:
        return add_field(old, result.field);
    }
  }

  bool empty() const { return replacements_.empty(); }

  void replace(ValueId count) {
    const NmsClasses& classes = tail_.classes;
    const Shape rows = graph_.value(classes.scores.base).type.shape;
    const auto labels = static_cast<int64_t>(classes.branches.size());
    const std::string name = graph_.producer(replacements_[0].old)->name;
    std::vector<ValueId> inputs{
        reshape_to(graph_, classes.boxes.base, {1, rows[0], classes.box_classes, 4}),
        reshape_to(graph_, classes.scores.base, {1, rows[0], labels}), window()};
    if (op_.has_valid) inputs.push_back(reshape_to(graph_, classes.scores.valid, {1}));
    for (const NmsField& f : fields_) {
      Shape shape = graph_.value(f.source).type.shape;
      shape[0] = rows[0];
      shape.insert(0, 1);
      inputs.push_back(reshape_to(graph_, f.rows.base, shape));
    }
    const NodeId made = graph_.add_node(op_, inputs, name);
    replacements_.push_back({count, 3});
    for (const Replacement& r : replacements_) {
      const ValueId image = graph_.add(Squeeze{{0}}, {graph_.node(made).outputs[r.output]}, name);
      graph_.replace_uses(r.old, image);
    }
  }

 private:
  void add_field(ValueId old, const NmsField& field) {
    const Shape& rows = graph_.value(field.source).type.shape;
    const Shape& base = graph_.value(field.rows.base).type.shape;
    const bool fits = field.source != kNone && base.is_static() && base.rank() > 0 &&
                      field.rows.valid == tail_.classes.scores.valid &&
                      base[0] == graph_.value(tail_.classes.scores.base).type.shape[0] &&
                      rows.rank() < Shape::kMaxRank &&
                      std::all_of(rows.begin() + 1, rows.end(), [](int64_t d) { return d >= 0; }) &&
                      dtype_size(graph_.value(field.source).type.dtype) > 0;
    if (!fits) return;
    const size_t first = 4;
    for (size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i].source == field.source) return replacements_.push_back({old, first + i});
    replacements_.push_back({old, first + fields_.size()});
    fields_.push_back(field);
  }

  ValueId window() {
    const std::vector<FloatElement>& w = tail_.window;
    bool whole = w[0].vector != kNone;
    for (size_t i = 0; i < 4; ++i)
      whole = whole && w[i].vector == w[0].vector && w[i].index == static_cast<int64_t>(i);
    if (whole && graph_.value(w[0].vector).type.shape == Shape{4})
      return reshape_to(graph_, w[0].vector, {1, 4});
    if (std::all_of(w.begin(), w.end(), [](const auto& e) { return e.vector == kNone; }))
      return graph_.constant(Tensor::of<float>(
          DType::kFloat32, {1, 4}, {w[0].constant, w[1].constant, w[2].constant, w[3].constant}));
    std::vector<ValueId> elements;
    for (const FloatElement& e : w) {
      if (e.vector == kNone) {
        elements.push_back(graph_.constant_scalar(e.constant));
        continue;
      }
      const ValueId index =
          graph_.constant(Tensor::of<int32_t>(DType::kInt32, {}, {static_cast<int32_t>(e.index)}));
      const ValueId axis = graph_.constant(Tensor::of<int32_t>(DType::kInt32, {}, {0}));
      elements.push_back(graph_.add(Gather{}, {e.vector, index, axis}));
    }
    return reshape_to(graph_, graph_.add(Pack{}, elements), {1, 4});
  }

  Graph& graph_;
  const NmsTail& tail_;
  MultiClassNms op_;
  bool has_boxes_ = false;
  std::vector<Replacement> replacements_;
  std::vector<NmsField> fields_;
};

bool replace_image(Graph& graph, Extents& extents, const std::vector<NmsEnd>& ends) {
  const std::optional<NmsTail> tail = match_nms_tail(graph, extents, ends[0]);
  if (!tail) return false;
  Builder builder(graph, *tail);
  for (const NmsEnd& end : ends) {
    if (end.rows != tail->max_total) continue;
    if (const auto result = match_nms_result(graph, extents, *tail, end.ordered))
      builder.add(end.result, *result);
  }
  if (builder.empty()) return false;
  builder.replace(ends[0].count);
  return true;
}

bool recognise(Graph& graph) {
  std::map<ValueId, std::vector<NmsEnd>> images;  // by the count of their detections
  Extents extents(graph);
  for (NodeId id : graph.topological_order()) {
    if (!graph.node(id).as<Pad>()) continue;
    if (const std::optional<NmsEnd> end = match_nms_end(graph, extents, graph.node(id)))
      images[end->count].push_back(*end);
  }
  bool changed = false;
  for (const auto& [count, ends] : images) changed |= replace_image(graph, extents, ends);
  if (changed) infer_all(graph, TypeFlow::kNarrow);  // the results' extents are known now
  return changed;
}

}  // namespace

bool recognise_multi_class_nms(Graph& graph, const PassContext& context) {
  const bool changed = recognise(graph);
  const auto nested = [&](Graph& g) { return recognise_multi_class_nms(g, context); };
  return for_each_nested(graph, nested) || changed;
}

}  // namespace thaw
