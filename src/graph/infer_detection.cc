// Inference rules of ops/detection.h.
#include <fmt/format.h>

#include <algorithm>

#include "graph/infer_util.h"

namespace thaw {

std::vector<TensorType> infer(const NonMaxSuppression& op, const InferContext& context) {
  if (op.version < 2 || op.version > 5)
    context.fail(fmt::format("version {}, 2 to 5 were expected", op.version));
  require_inputs(context, op.version == 2 ? 4 : op.version == 5 ? 6 : 5);
  const Shape boxes = require_rank(context, 0, 2);
  const Shape scores = require_rank(context, 1, 1);
  meet_dims(boxes[1], 4, context);
  meet_dims(boxes[0], scores[0], context);
  for (size_t i = 2; i < context.num_inputs(); ++i) require_scalar(context, i);
  int64_t count = kUnknownDim;
  if (op.pad_to_max_output_size)
    count = std::max(known_int(context, 2).value_or(kUnknownDim), kUnknownDim);
  const TensorType indices{DType::kInt32, {count}};
  const TensorType valid{DType::kInt32, {}};
  if (op.version == 4) return {indices, valid};
  if (op.version == 5) return {indices, {context.dtype(1), {count}}, valid};
  return {indices};
}

std::vector<TensorType> infer(const CombinedNms& op, const InferContext& context) {
  require_inputs(context, 6);
  for (size_t i : {0, 1, 4, 5}) require_dtype(context, i, DType::kFloat32);
  const Shape boxes = require_rank(context, 0, 4);
  const Shape scores = require_rank(context, 1, 3);
  const int64_t batch = meet_dims(boxes[0], scores[0], context);
  meet_dims(boxes[1], scores[1], context);
  if (boxes[2] != 1) meet_dims(boxes[2], scores[2], context);
  meet_dims(boxes[3], 4, context);
  for (size_t i = 2; i < 6; ++i) require_scalar(context, i);
  for (size_t i : {2, 3}) require_integer(context, i);
  const int64_t per_class = known_int(context, 2).value_or(kUnknownDim);
  int64_t rows = known_int(context, 3).value_or(kUnknownDim);
  if (per_class == 0 || per_class < kUnknownDim || rows == 0 || rows < kUnknownDim)
    context.fail(fmt::format("at most {} boxes a class, {} in all", per_class, rows));
  if (op.pad_per_class) {
    const int64_t all = mul_dims(per_class, scores[2], context);
    rows = rows < 0 || all < 0 ? kUnknownDim : std::min(rows, all);
  }
  return {{DType::kFloat32, {batch, rows, 4}},
          {DType::kFloat32, {batch, rows}},
          {DType::kFloat32, {batch, rows}},
          {DType::kInt32, {batch}}};
}

std::vector<TensorType> infer(const BoxDecode&, const InferContext& context) {
  require_inputs(context, 2);
  require_same_dtype(context, 0, 1);
  for (size_t i : {size_t{0}, size_t{1}}) {
    const Shape& s = context.shape(i);
    if (s.has_rank() && (s.rank() < 1 || (s.back() >= 0 && s.back() != 4)))
      context.fail(fmt::format("boxes of shape {}, [...,4] was expected", s.str()));
  }
  return {context.input(0)};
}

std::vector<TensorType> infer(const MultiClassNms& op, const InferContext& context) {
  const size_t first_field = op.num_fixed_inputs();
  require_inputs(context, first_field, first_field + kMaxOutputs);
  for (size_t i : {0, 1, 2}) require_dtype(context, i, DType::kFloat32);
  const Shape boxes = require_rank(context, 0, 4);
  const Shape scores = require_rank(context, 1, 3);
  int64_t batch = meet_dims(boxes[0], scores[0], context);
  meet_dims(boxes[1], scores[1], context);
  if (op.background < 0 || (scores[2] >= 0 && op.background > scores[2]))
    context.fail(fmt::format("{} background columns of {}", op.background, scores[2]));
  const int64_t classes = scores[2] < 0 ? kUnknownDim : scores[2] - op.background;
  if (boxes[2] != 1) meet_dims(boxes[2], classes, context);
  meet_dims(boxes[3], 4, context);
  const Shape window = require_rank(context, 2, 2);
  batch = meet_dims(batch, window[0], context);
  meet_dims(window[1], 4, context);
  if (op.has_valid) {
    require_dtype(context, 3, DType::kInt32);
    batch = meet_dims(batch, require_rank(context, 3, 1)[0], context);
  }
  if (op.decode) {
    require_dtype(context, first_field - 1, DType::kFloat32);
    meet_dims(require_rank(context, first_field - 1, 2)[1], 4, context);
  }
  if (op.max_total < 0 || op.max_per_class < 0)
    context.fail(
        fmt::format("at most {} boxes a class, {} in all", op.max_per_class, op.max_total));
  std::vector<TensorType> types{{DType::kFloat32, {batch, op.max_total, 4}},
                                {DType::kFloat32, {batch, op.max_total}},
                                {DType::kFloat32, {batch, op.max_total}},
                                {DType::kInt32, {batch}}};
  for (size_t i = first_field; i < context.num_inputs(); ++i) {
    TensorType field = context.input(i);
    if (field.shape.has_rank()) {
      if (field.shape.rank() < 2) context.fail(fmt::format("a field is {}", field.str()));
      field.shape[0] = batch;
      field.shape[1] = op.max_total;
    }
    types.push_back(field);
  }
  return types;
}

}  // namespace thaw
