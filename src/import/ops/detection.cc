// TF's non-maximum suppressions.
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

Outputs combined_nms(NodeContext& ctx) {
  ctx.expect_inputs(6);
  CombinedNms op;
  op.pad_per_class = ctx.bool_attr("pad_per_class", false);
  op.clip_boxes = ctx.bool_attr("clip_boxes", true);
  return ctx.add_all(op, ctx.inputs());
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
