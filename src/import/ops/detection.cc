// TF's non-maximum suppressions.
#include <fmt/format.h>

#include <algorithm>

#include "import/op_table.h"

namespace thaw {
namespace {

// The first version has its threshold as an attribute.
Outputs nms_v1(NodeContext& ctx) {
  ctx.expect_inputs(3);
  NonMaxSuppression op;
  op.version = 2;
  std::vector<ValueId> inputs = ctx.inputs();
  inputs.push_back(ctx.scalar_float(ctx.float_attr("iou_threshold", 0.5F), DType::kFloat32));
  return ctx.add_all(op, std::move(inputs));
}

template <int version, size_t count>
Outputs nms(NodeContext& ctx) {
  ctx.expect_inputs(count);
  NonMaxSuppression op;
  op.version = version;
  op.pad_to_max_output_size = ctx.bool_attr("pad_to_max_output_size", false);
  return ctx.add_all(op, ctx.inputs());
}

double constant_number(NodeContext& ctx, size_t i, const char* what) {
  const Tensor* value = ctx.constant(i);
  if (!value || value->num_elements() != 1 ||
      (value->dtype() != DType::kFloat32 && value->dtype() != DType::kInt32))
    ctx.fail(fmt::format("expected a constant number as {}", what));
  return value->dtype() == DType::kFloat32 ? static_cast<double>(value->data<float>()[0])
                                           : static_cast<double>(value->int_at(0));
}

// (boxes [b,n,q,4], scores [b,n,classes], max per class, max in total, iou, score) ->
// (boxes, scores, classes, count int32). q is 1 or the number of classes.
Outputs combined_nms(NodeContext& ctx) {
  ctx.expect_inputs(6);
  MultiClassNms op;
  op.max_per_class = static_cast<int64_t>(constant_number(ctx, 2, "max_output_size_per_class"));
  op.max_total = static_cast<int64_t>(constant_number(ctx, 3, "max_total_size"));
  op.iou_threshold = static_cast<float>(constant_number(ctx, 4, "iou_threshold"));
  op.score_threshold = static_cast<float>(constant_number(ctx, 5, "score_threshold"));
  const Shape& boxes = ctx.type(0).shape;
  const Shape& scores = ctx.type(1).shape;
  if (boxes.rank() != 4 || boxes[2] < 0 || scores.rank() != 3 || scores[2] < 0)
    ctx.fail(
        fmt::format("expected boxes [b,n,q,4] and scores [b,n,classes] with q and classes "
                    "known, found {} and {}",
                    boxes.str(), scores.str()));
  if (ctx.bool_attr("pad_per_class", false))
    op.max_total = std::min(op.max_total, op.max_per_class * scores[2]);
  ValueId x = ctx.input(0);
  if (boxes[2] == 1) x = ctx.add(Squeeze{{2}}, {x});
  Outputs out = ctx.add_all(op, {x, ctx.input(1)});
  if (ctx.bool_attr("clip_boxes", true)) {
    const ValueId one = ctx.scalar_float(1, DType::kFloat32);
    const ValueId zero = ctx.scalar_float(0, DType::kFloat32);
    out[0] = ctx.add(Binary{BinaryKind::kMinimum, Activation::kNone}, {out[0], one});
    out[0] = ctx.add(Binary{BinaryKind::kMaximum, Activation::kNone}, {out[0], zero});
  }
  out[3] = ctx.add(Cast{DType::kInt32}, {out[3]});
  return out;
}

}  // namespace

const std::vector<OpRow>& detection_ops() {
  static const std::vector<OpRow> rows = {
      {"CombinedNonMaxSuppression", combined_nms}, {"NonMaxSuppression", nms_v1},
      {"NonMaxSuppressionV2", nms<2, 4>},          {"NonMaxSuppressionV3", nms<3, 5>},
      {"NonMaxSuppressionV4", nms<4, 5>},          {"NonMaxSuppressionV5", nms<5, 6>},
  };
  return rows;
}

}  // namespace thaw
