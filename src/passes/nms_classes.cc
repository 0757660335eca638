#include "passes/nms_classes.h"

namespace thaw {
namespace {

const Shape& shape_of(const Graph& graph, ValueId v) { return graph.value(v).type.shape; }

// Elements of a row, when they are known.
std::optional<int64_t> row_size(const Shape& shape) {
  if (!shape.has_rank() || shape.rank() < 1) return {};
  int64_t size = 1;
  for (int i = 1; i < shape.rank(); ++i) {
    if (shape[i] < 0 || shape[i] > 1 << 24) return {};
    size *= shape[i];
    if (size > 1 << 24) return {};
  }
  return size;
}

// The value behind a reshape, squeeze or unpacking of one that keeps each row's elements.
std::optional<ValueId> behind_row_reshape(const Graph& graph, Extents& extents, ValueId value) {
  const Node* node = graph.producer(value);
  if (!node) return {};
  const Unpack* unpack = node->as<Unpack>();
  const bool keeps_elements = node->as<Reshape>() || node->as<Squeeze>() ||
                              node->as<ExpandDims>() ||
                              (unpack && unpack->count == 1 && unpack->axis != 0);
  if (!keeps_elements) return {};
  const ValueId from = node->inputs[0];
  const std::optional<int64_t> size = row_size(shape_of(graph, value));
  if (!size || size != row_size(shape_of(graph, from))) return {};
  if (extents.dim(value, 0) != extents.dim(from, 0)) return {};
  return from;
}

// The rows' count behind Slice(x, 0, [count, all...]), kNone when it takes all rows.
std::optional<ValueId> sliced_count(const Graph& graph, Extents& extents, const Node& slice) {
  const Shape& in = shape_of(graph, slice.inputs[0]);
  if (!in.has_rank() || in.rank() < 1) return {};
  for (int i = 0; i < in.rank(); ++i) {
    if (extents.element(slice.inputs[1], i) != Extents::constant(0)) return {};
    const Extent size = extents.element(slice.inputs[2], i);
    const bool all = size == Extents::constant(-1) ||
                     (size.is_constant() && size == extents.dim(slice.inputs[0], i));
    if (i > 0 && !all) return {};
    if (i == 0 && all) return kNone;
  }
  const Node* sizes = maker(graph, slice.inputs[2]);
  if (!sizes || sizes->inputs.empty()) return {};
  const bool direct = sizes->as<Pack>() || (sizes->as<Reshape>() && in.rank() == 1) ||
                      (sizes->as<ExpandDims>() && in.rank() == 1);
  const ValueId count = behind_identities(graph, sizes->inputs[0]);
  if (!direct || !(graph.value(count).type == TensorType{DType::kInt32, Shape{}})) return {};
  return count;
}

struct Column {
  ValueId source = kNone;
  int64_t index = 0;
};

// Column c of a matrix as a vector: Reshape(Slice(x, [0, c], [rows, 1]), [-1]) and its like.
std::optional<Column> match_column(const Graph& graph, Extents& extents, ValueId value) {
  value = behind_identities(graph, value);
  const Node* node = graph.producer(value);
  if (!node || shape_of(graph, value).rank() != 1) return {};
  if (const Unpack* unpack = node->as<Unpack>()) {
    if (unpack->axis != 1 && unpack->axis != -1) return {};
    return Column{node->inputs[0], graph.value(value).index};
  }
  if (!node->as<Reshape>() && !node->as<Squeeze>()) return {};
  const ValueId column = behind_identities(graph, node->inputs[0]);
  const Shape& shape = shape_of(graph, column);
  if (!shape.has_rank() || shape.rank() != 2 || shape[1] != 1) return {};
  const Node* slice = maker<Slice>(graph, column);
  if (!slice) return Column{column, 0};
  const ValueId from = slice->inputs[0];
  const Extent begin = extents.element(slice->inputs[1], 1);
  const Extent rows = extents.element(slice->inputs[2], 0);
  const bool fits = shape_of(graph, from).rank() == 2 && begin.is_constant() &&
                    extents.element(slice->inputs[1], 0) == Extents::constant(0) &&
                    (rows == Extents::constant(-1) || rows == extents.dim(from, 0));
  if (!fits) return {};
  return Column{behind_identities(graph, from), begin.constant};
}

class Matcher {
 public:
  Matcher(const Graph& graph, Extents& extents) : graph_(graph), extents_(extents) {}

  std::optional<NmsClasses> run(ValueId scores) {
    const std::vector<ValueId> parts = concatenated_rows(graph_, scores);
    for (size_t c = 0; c < parts.size(); ++c)
      if (!add_branch(parts[c], static_cast<int64_t>(c), parts.size())) return {};
    if (!find_boxes()) return {};
    const Shape& all = shape_of(graph_, found_.scores.base);
    if (!all.is_static() || row_size(all) != static_cast<int64_t>(parts.size())) return {};
    if (!(found_.boxes.valid == found_.scores.valid)) return {};
    return std::move(found_);
  }

 private:
  // Select(iota < chosen, chosen scores padded, -1)
  bool add_branch(ValueId part, int64_t label, size_t count) {
    const Node* select = maker<Select>(graph_, part);
    if (!select || splat(graph_, select->inputs[2]) != -1.0F) return false;
    const Node* less = binary_maker(graph_, select->inputs[0], BinaryKind::kLess);
    if (!less || !is_iota(graph_, less->inputs[0])) return false;
    ClassBranch branch;
    if (!find_nms(select->inputs[1], branch)) return false;
    if (extents_.scalar(less->inputs[1]) != extents_.dim(branch.nms->outputs[0], 0)) return false;
    const Extent slots = extents_.dim(part, 0);
    if (found_.branches.empty()) found_.slots = slots;
    if (slots != found_.slots || !read_limits(*branch.nms)) return false;
    const std::optional<Column> column = match_column(graph_, extents_, branch.nms->inputs[1]);
    if (!column || column->index != label) return false;
    const ValidRows source = valid_rows(graph_, extents_, column->source);
    if (label == 0) found_.scores = source;
    if (!(source == found_.scores) || shape_of(graph_, column->source).rank() != 2) return false;
    if (shape_of(graph_, column->source)[1] != static_cast<int64_t>(count)) return false;
    found_.branches.push_back(branch);
    return true;
  }

  // From V5 the chosen scores themselves, from V3 the scores gathered by the chosen indices.
  bool find_nms(ValueId padded_scores, ClassBranch& branch) const {
    if (const Node* gather = maker<Gather>(graph_, padded_scores)) {
      if (!is_int(graph_, gather->inputs[2], 0)) return false;
      branch.indices = behind_identities(graph_, gather->inputs[1]);
      branch.nms = nms_behind(branch.indices, 0);
      return branch.nms && behind_identities(graph_, gather->inputs[0]) ==
                               behind_identities(graph_, branch.nms->inputs[1]);
    }
    branch.nms = nms_behind(padded_scores, 1);
    return branch.nms != nullptr;
  }

  // The NMS whose output i is followed by padding in `value`.
  const Node* nms_behind(ValueId value, size_t i) const {
    const std::vector<ValueId> parts = concatenated_rows(graph_, value);
    const Node* nms = maker<NonMaxSuppression>(graph_, parts[0]);
    if (!nms || !is_result(graph_, parts[0], nms, i)) return nullptr;
    for (size_t k = 1; k < parts.size(); ++k)
      if (splat(graph_, parts[k]) != 0.0F && i == 0) return nullptr;
    return nms;
  }

  bool read_limits(const Node& nms) {
    const NonMaxSuppression& op = *nms.as<NonMaxSuppression>();
    if ((op.version != 3 && op.version != 5) || op.pad_to_max_output_size) return false;
    const std::optional<float> iou = constant_float(graph_, nms.inputs[3]);
    const std::optional<float> score = constant_float(graph_, nms.inputs[4]);
    const std::optional<int64_t> most = most_of(nms);
    if (!iou || !(*iou >= 0 && *iou <= 1) || !score || !(*score >= 0) || !most) return false;
    if (op.version == 5 && constant_float(graph_, nms.inputs[5]) != 0.0F) return false;
    if (found_.branches.empty()) {
      found_.iou_threshold = *iou;
      found_.score_threshold = *score;
      found_.max_per_class = *most;
    }
    return *iou == found_.iou_threshold && *score == found_.score_threshold &&
           *most == found_.max_per_class;
  }

  // max_output_size is a constant, or the smaller of one and the number of boxes.
  std::optional<int64_t> most_of(const Node& nms) {
    const Extent size = extents_.scalar(nms.inputs[2]);
    if (size.is_constant()) return size.constant < 0 ? std::nullopt : std::optional(size.constant);
    const Node* minimum = binary_maker(graph_, nms.inputs[2], BinaryKind::kMinimum);
    if (!minimum) return {};
    for (ValueId v : minimum->inputs) {
      const std::optional<int64_t> most = constant_int(graph_, v);
      if (most && *most >= 0 &&
          size == extents_.min(Extents::constant(*most), extents_.dim(nms.inputs[0], 0)))
        return most;
    }
    return {};
  }

  // The same boxes for all classes, or the classes' columns of [n, classes, 4].
  bool find_boxes() {
    const ValueId first = behind_identities(graph_, found_.branches[0].nms->inputs[0]);
    bool shared = true;
    for (const ClassBranch& b : found_.branches)
      shared = shared && behind_identities(graph_, b.nms->inputs[0]) == first;
    ValueId all = first;
    if (!shared) {
      const Node* unpack = graph_.producer(first);
      const Unpack* op = unpack ? unpack->as<Unpack>() : nullptr;
      if (!op || op->axis != 1 || unpack->outputs.size() != found_.branches.size()) return false;
      for (size_t c = 0; c < found_.branches.size(); ++c)
        if (!is_result(graph_, found_.branches[c].nms->inputs[0], unpack, c)) return false;
      found_.box_classes = op->count;
      all = unpack->inputs[0];
    }
    found_.boxes = valid_rows(graph_, extents_, all);
    const Shape& base = shape_of(graph_, found_.boxes.base);
    return base.is_static() && row_size(base) == 4 * found_.box_classes;
  }

  const Graph& graph_;
  Extents& extents_;
  NmsClasses found_;
};

}  // namespace

ValidRows valid_rows(const Graph& graph, Extents& extents, ValueId value) {
  ValidRows rows{behind_identities(graph, value), kNone};
  while (const Node* node = graph.producer(rows.base)) {
    std::optional<ValueId> next;
    if (node->as<Slice>() && rows.valid == kNone) {
      const std::optional<ValueId> count = sliced_count(graph, extents, *node);
      if (!count) break;
      rows.valid = *count;
      next = node->inputs[0];
    } else {
      next = behind_row_reshape(graph, extents, rows.base);
    }
    if (!next) break;
    rows.base = behind_identities(graph, *next);
  }
  return rows;
}

std::optional<NmsClasses> match_nms_classes(const Graph& graph, Extents& extents, ValueId scores) {
  return Matcher(graph, extents).run(scores);
}

namespace {

// Whether `rows` holds what the branch chose of its source, padded; the source.
std::optional<ValueId> gathered_by(const Graph& graph, const ClassBranch& branch, ValueId rows) {
  const Node* gather = maker<Gather>(graph, rows);
  if (!gather || !is_int(graph, gather->inputs[2], 0) || gather->as<Gather>()->batch_dims != 0)
    return {};
  const ValueId indices = behind_identities(graph, gather->inputs[1]);
  if (indices != branch.indices) {
    const std::vector<ValueId> chosen = concatenated_rows(graph, indices);
    if (!is_result(graph, chosen[0], branch.nms, 0)) return {};
    for (size_t k = 1; k < chosen.size(); ++k)
      if (splat(graph, chosen[k]) != 0.0F) return {};
  }
  return behind_identities(graph, gather->inputs[0]);
}

// Whether a constant holds 0 `slots` times, then 1, and so on.
bool is_label_constant(const Tensor& t, int64_t classes, const Extent& slots) {
  if (t.dtype() != DType::kFloat32 || t.rank() != 1 || !slots.is_constant()) return false;
  if (slots.constant <= 0 || t.num_elements() != classes * slots.constant) return false;
  for (int64_t i = 0; i < t.num_elements(); ++i) {
    const int64_t label = i / slots.constant;
    if (t.data<float>()[i] != static_cast<float>(label)) return false;
  }
  return true;
}

}  // namespace

std::optional<NmsField> match_nms_field(const Graph& graph, Extents& extents,
                                        const NmsClasses& classes, ValueId field) {
  const auto count = static_cast<int64_t>(classes.branches.size());
  NmsField found;
  const Tensor* constant = graph.constant_value(field);
  if (constant && is_label_constant(*constant, count, classes.slots)) {
    found.kind = NmsField::Kind::kLabels;
    return found;
  }
  const std::vector<ValueId> parts = concatenated_rows(graph, field);
  if (parts.size() != classes.branches.size()) return {};
  bool labels = graph.value(field).type.dtype == DType::kFloat32;
  for (size_t c = 0; c < parts.size(); ++c) {
    if (extents.dim(parts[c], 0) != classes.slots) return {};
    labels = labels && splat(graph, parts[c]) == static_cast<float>(c);
  }
  if (labels) {
    found.kind = NmsField::Kind::kLabels;
    return found;
  }
  bool boxes = true;
  bool shared = true;
  for (size_t c = 0; c < parts.size(); ++c) {
    const std::optional<ValueId> source = gathered_by(graph, classes.branches[c], parts[c]);
    if (!source) return {};
    boxes = boxes && *source == behind_identities(graph, classes.branches[c].nms->inputs[0]);
    if (c == 0) found.source = *source;
    shared = shared && *source == found.source;
  }
  if (!boxes && !shared) return {};
  if (boxes) found.kind = NmsField::Kind::kBoxes;
  if (shared) found.rows = valid_rows(graph, extents, found.source);
  return found;
}

}  // namespace thaw
