// One image's post-processing, built node for node as the Object Detection API does, computes the
// same before and after recognition, bit for bit, on random and on hard inputs.
#include "passes/recognise_multi_class_nms.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "graph/verify.h"
#include "passes/eliminate_dead_code.h"
#include "passes/fold_constants.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

struct Form {
  int64_t version = 5;  // of NonMaxSuppression
  int64_t boxes = 20;
  int64_t classes = 3;
  bool box_for_each_class = false;
  bool counted = false;  // only the first `valid` boxes exist
  bool in_window_frame = false;
  int32_t max_per_class = 5;
  int32_t max_total = 7;
  float last_score_threshold = 0.1F;  // of the last class; the others have 0.1
  float padding_score = -1;
};

class PostProcessing {
 public:
  explicit PostProcessing(const Form& form) : f_(form) {
    const int64_t q = f_.box_for_each_class ? f_.classes : 1;
    boxes_ = g_.add_input("boxes", {DType::kFloat32, {f_.boxes, q, 4}});
    scores_ = g_.add_input("scores", {DType::kFloat32, {f_.boxes, f_.classes}});
    window_ = g_.add_input("window", {DType::kFloat32, {4}});
    field_ = g_.add_input("field", {DType::kFloat32, {f_.boxes, 2}});
    if (f_.counted) {
      const ValueId valid = g_.add_input("valid", {DType::kInt32, {}});
      boxes_ = first_rows(boxes_, valid, {-1, q, 4});
      scores_ = first_rows(scores_, valid, {-1, f_.classes});
      field_ = first_rows(field_, valid, {-1, 2});
    }
    const NodeId columns = g_.add_node(Unpack{1, q}, {boxes_});
    for (int64_t c = 0; c < f_.classes; ++c)
      add_class(c, g_.node(columns).outputs[static_cast<size_t>(q == 1 ? 0 : c)]);
    finish();
  }

  Graph take() { return std::move(g_); }

 private:
  ValueId number(int32_t v) { return g_.constant(Tensor::of<int32_t>(DType::kInt32, {}, {v})); }
  ValueId ints(const std::vector<int64_t>& v) { return g_.constant_ints(v); }
  ValueId binary(BinaryKind kind, ValueId a, ValueId b) { return g_.add(Binary{kind}, {a, b}); }
  ValueId gather(ValueId x, ValueId rows) { return g_.add(Gather{}, {x, rows, number(0)}); }
  ValueId rows_of(ValueId x) {
    StridedSlice op;
    op.shrink_axis_mask = 1;
    return g_.add(op, {g_.add(ShapeOf{}, {x}), ints({0}), ints({1}), ints({1})});
  }
  ValueId fill(ValueId count, ValueId value) {
    return g_.add(Fill{}, {g_.add(Reshape{}, {count, ints({-1})}), value});
  }
  ValueId range(ValueId limit) { return g_.add(Range{}, {number(0), limit, number(1)}); }
  ValueId element(ValueId vector, int64_t i) {
    StridedSlice op;
    op.shrink_axis_mask = 1;
    return g_.add(op, {vector, ints({i}), ints({i + 1}), ints({1})});
  }

  ValueId first_rows(ValueId x, ValueId count, const std::vector<int64_t>& shape) {
    std::vector<ValueId> sizes(shape.size(), number(-1));
    sizes[0] = count;
    const ValueId begin = ints(std::vector<int64_t>(shape.size(), 0));
    const ValueId part = g_.add(Slice{}, {x, begin, g_.add(Pack{}, sizes)});
    return g_.add(Reshape{}, {part, ints(shape)});
  }

  void add_class(int64_t c, ValueId boxes) {
    const ValueId size = g_.add(Pack{}, {rows_of(scores_), number(1)});
    const ValueId column = g_.add(Slice{}, {scores_, ints({0, c}), size});
    const ValueId scores = g_.add(Reshape{}, {column, ints({-1})});
    const ValueId slots = binary(BinaryKind::kMinimum, number(f_.max_per_class), rows_of(boxes));
    const bool last = c + 1 == f_.classes;
    std::vector<ValueId> inputs{boxes, scores, slots, g_.constant_scalar(0.6F),
                                g_.constant_scalar(last ? f_.last_score_threshold : 0.1F)};
    if (f_.version == 5) inputs.push_back(g_.constant_scalar(0));
    NonMaxSuppression op;
    op.version = f_.version;
    const Node& nms = g_.node(g_.add_node(op, inputs));
    const ValueId chosen = rows_of(nms.outputs[0]);
    const ValueId missing = binary(BinaryKind::kSub, slots, chosen);
    const ValueId indices = g_.add(Concat{}, {nms.outputs[0], fill(missing, number(0)), number(0)});
    const ValueId kept =
        f_.version == 5
            ? g_.add(Concat{}, {nms.outputs[1], fill(missing, g_.constant_scalar(0)), number(-1)})
            : gather(scores, indices);
    const ValueId none = binary(BinaryKind::kMul, g_.constant_scalar(f_.padding_score),
                                fill(slots, g_.constant_scalar(1)));
    const ValueId is_one = binary(BinaryKind::kLess, range(slots), chosen);
    const ValueId score = g_.add(Select{}, {is_one, kept, none});
    class_scores_.push_back(score);
    class_boxes_.push_back(gather(boxes, indices));
    class_fields_.push_back(gather(field_, indices));
    class_labels_.push_back(binary(BinaryKind::kAdd, g_.add(Unary{UnaryKind::kZerosLike}, {score}),
                                   g_.constant_scalar(static_cast<float>(c))));
  }

  ValueId joined(std::vector<ValueId> parts) {
    if (parts.size() == 1) return parts[0];
    parts.push_back(number(0));
    return g_.add(Concat{}, parts);
  }

  std::vector<ValueId> columns(ValueId boxes) {
    return g_.node(g_.add_node(Split{4}, {number(1), boxes})).outputs;
  }

  ValueId area(ValueId boxes) {
    const std::vector<ValueId> c = columns(boxes);
    const ValueId product = binary(BinaryKind::kMul, binary(BinaryKind::kSub, c[2], c[0]),
                                   binary(BinaryKind::kSub, c[3], c[1]));
    return g_.add(Squeeze{{1}}, {product});
  }

  ValueId clipped(ValueId boxes) {
    const std::vector<ValueId> sides = g_.node(g_.add_node(Unpack{0, 4}, {window_})).outputs;
    std::vector<ValueId> cut;
    for (size_t i = 0; i < 4; ++i) {
      const ValueId below = binary(BinaryKind::kMinimum, columns(boxes)[i], sides[2 + i % 2]);
      cut.push_back(binary(BinaryKind::kMaximum, below, sides[i % 2]));
    }
    return g_.add(Concat{}, {cut[0], cut[1], cut[2], cut[3], number(1)});
  }

  ValueId in_window(ValueId boxes) {
    const ValueId corner = g_.add(Pack{}, {element(window_, 0), element(window_, 1),
                                           element(window_, 0), element(window_, 1)});
    const std::vector<ValueId> c = columns(binary(BinaryKind::kSub, boxes, corner));
    std::vector<ValueId> scaled;
    for (int64_t i = 0; i < 4; ++i) {
      const ValueId side =
          binary(BinaryKind::kSub, element(window_, 2 + i % 2), element(window_, i % 2));
      const ValueId scale = binary(BinaryKind::kDiv, g_.constant_scalar(1), side);
      scaled.push_back(binary(BinaryKind::kMul, scale, c[static_cast<size_t>(i)]));
    }
    return g_.add(Concat{}, {scaled[0], scaled[1], scaled[2], scaled[3], number(1)});
  }

  ValueId padded(ValueId x) {
    const int rank = g_.value(x).type.shape.rank();
    const ValueId over = binary(BinaryKind::kSub, rows_of(x), number(f_.max_total));
    const ValueId cut = g_.add(Select{}, {binary(BinaryKind::kGreater, over, number(0)),
                                          number(f_.max_total), number(-1)});
    std::vector<ValueId> sizes{cut};
    if (rank == 2) sizes.push_back(number(-1));
    const ValueId zeros = ints(std::vector<int64_t>(static_cast<size_t>(rank), 0));
    const ValueId part = g_.add(Slice{}, {x, zeros, g_.add(Pack{}, sizes)});
    std::vector<ValueId> after{binary(BinaryKind::kSub, number(f_.max_total), rows_of(part))};
    if (rank == 2) after.push_back(number(0));
    return g_.add(Pad{}, {part, g_.add(Pack{1}, {zeros, g_.add(Pack{}, after)})});
  }

  void finish() {
    const ValueId scores = joined(class_scores_);
    const ValueId order = sorted(scores, rows_of(joined(class_boxes_)));
    const ValueId cut = clipped(gather(joined(class_boxes_), order));
    const ValueId where =
        g_.add(Where{}, {binary(BinaryKind::kGreater, area(cut), g_.constant_scalar(0))});
    const ValueId kept = g_.add(Cast{DType::kInt32}, {g_.add(Reshape{}, {where, ints({-1})})});
    const ValueId boxes = gather(cut, kept);
    const ValueId none = binary(BinaryKind::kMul, g_.constant_scalar(-1),
                                fill(rows_of(boxes), g_.constant_scalar(1)));
    const ValueId last = g_.add(Select{}, {g_.add(Cast{DType::kBool}, {area(boxes)}),
                                           gather(gather(scores, order), kept), none});
    const ValueId reached = binary(BinaryKind::kGreaterEqual, last, g_.constant_scalar(0));
    const ValueId valid = g_.add(Reduce{}, {g_.add(Cast{DType::kInt32}, {reached}), ints({0})});
    const ValueId final_order = sorted(last, rows_of(boxes));
    ValueId ordered = gather(boxes, final_order);
    if (f_.in_window_frame) ordered = in_window(ordered);
    const ValueId most = binary(BinaryKind::kMinimum, number(f_.max_total), rows_of(ordered));
    const ValueId count =
        g_.add(Select{}, {binary(BinaryKind::kGreater, most, valid), valid, most});
    const auto result = [&](const char* name, ValueId rows) {
      g_.add_output(name, padded(gather(gather(rows, range(most)), range(count))));
    };
    const auto by_order = [&](const std::vector<ValueId>& parts) {
      return gather(gather(gather(joined(parts), order), kept), final_order);
    };
    result("boxes", ordered);
    result("scores", gather(last, final_order));
    result("labels", by_order(class_labels_));
    result("field", by_order(class_fields_));
    g_.add_output("count", count);
  }

  ValueId sorted(ValueId scores, ValueId count) {
    return g_.node(g_.add_node(TopK{}, {scores, count})).outputs[1];
  }

  const Form f_;
  Graph g_;
  ValueId boxes_, scores_, window_, field_;
  std::vector<ValueId> class_scores_, class_boxes_, class_fields_, class_labels_;
};

// Scores in quarters tie, boxes of few sizes coincide; others are NaN, endless, inverted or empty.
std::vector<Tensor> hard_inputs(const Graph& graph, uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](uint32_t n) { return static_cast<int>(random() % n); };
  const float odd[] = {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity(), 0.0F};
  const bool ties = seed % 2 == 0;
  const bool hostile = seed % 3 == 0;
  std::vector<Tensor> inputs;
  for (ValueId v : graph.inputs()) {
    const TensorType& type = graph.value(v).type;
    Tensor t = Tensor::empty(type.dtype, type.shape);
    inputs.push_back(t);
    if (type.dtype == DType::kInt32) {
      t.data<int32_t>()[0] = below(6) == 0 ? 0 : below(static_cast<uint32_t>(inputs[0].dim(0)) + 1);
      continue;
    }
    const bool window = type.shape == Shape{4};
    for (int64_t i = 0; i < t.num_elements(); ++i) {
      float& x = t.data<float>()[i];
      x = ties ? static_cast<float>(below(5)) / 4 : static_cast<float>(below(1000)) / 1000;
      if (type.shape.back() == 4 && i % 4 >= 2) x += t.data<float>()[i - 2];
      if (window) x = i < 2 ? 0.125F : 0.875F;
      if (hostile && !window && below(12) == 0) x = odd[below(4)];
      if (seed % 7 == 5 && inputs.size() == 2) x = 0.05F;  // no score counts
    }
  }
  return inputs;
}

size_t count_ops(const Graph& graph, OpKind kind) {
  size_t count = 0;
  for (NodeId id = 0; id < graph.num_nodes(); ++id)
    count += graph.node(id).alive && kind_of(graph.node(id).op) == kind;
  return count;
}

// The graph after recognition, as far as it goes.
Graph recognised(const Graph& graph, bool fold) {
  const PassContext context = test_context();
  Graph g = graph.clone();
  if (fold) fold_constants(g, context);
  recognise_multi_class_nms(g, context);
  eliminate_dead_code(g, context);
  verify(g);
  return g;
}

void expect_recognised(const Form& form) {
  const Graph graph = PostProcessing(form).take();
  for (bool fold : {false, true}) {
    const Graph fast = recognised(graph, fold);
    EXPECT_EQ(count_ops(fast, OpKind::kMultiClassNms), 1U);
    EXPECT_EQ(count_ops(fast, OpKind::kNonMaxSuppression), 0U);
    for (uint32_t seed = 0; seed < 60; ++seed) {
      SCOPED_TRACE(seed);
      const std::vector<Tensor> inputs = hard_inputs(graph, seed);
      const std::vector<Tensor> want = interpret(graph, inputs);
      const std::vector<Tensor> got = interpret(fast, inputs);
      for (size_t i = 0; i < want.size(); ++i)
        EXPECT_TRUE(identical(got[i], want[i])) << graph.outputs()[i].name;
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(RecogniseMultiClassNms, Version5) { expect_recognised({}); }

TEST(RecogniseMultiClassNms, Version3) {
  Form form;
  form.version = 3;
  expect_recognised(form);
}

TEST(RecogniseMultiClassNms, BoxesForEachClassCountedInTheWindowsFrame) {
  Form form;
  form.box_for_each_class = form.counted = form.in_window_frame = true;
  expect_recognised(form);
}

TEST(RecogniseMultiClassNms, OneClass) {
  Form form;
  form.classes = 1;
  form.counted = true;
  expect_recognised(form);
}

TEST(RecogniseMultiClassNms, FewerBoxesThanSlots) {
  Form form;
  form.boxes = 3;
  form.max_total = 40;
  expect_recognised(form);
}

TEST(RecogniseMultiClassNms, LeavesWhatDiffers) {
  Form threshold;
  threshold.last_score_threshold = 0.2F;
  Form padding;
  padding.padding_score = -2;
  for (const Form& form : {threshold, padding}) {
    const Graph g = recognised(PostProcessing(form).take(), true);
    EXPECT_EQ(count_ops(g, OpKind::kMultiClassNms), 0U);
    EXPECT_EQ(count_ops(g, OpKind::kNonMaxSuppression), 3U);
  }
}

}  // namespace
}  // namespace thaw
