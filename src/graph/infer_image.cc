// Inference rules of ops/image.h.
#include <fmt/format.h>

#include "graph/infer_util.h"

namespace thaw {
namespace {

// {height, width} out of input i: an int vector of 2.
std::pair<int64_t, int64_t> size_of(const InferContext& context, size_t input) {
  const Shape vector = require_rank(context, input, 1);
  require_integer(context, input);
  meet_dims(vector[0], 2, context);
  const std::optional<PartialInts> size = partial_ints(context, input);
  if (!size || size->size() != 2) return {kUnknownDim, kUnknownDim};
  for (const std::optional<int64_t>& extent : *size)
    if (extent && *extent <= 0) context.fail(fmt::format("a size of {}", *extent));
  return {(*size)[0].value_or(kUnknownDim), (*size)[1].value_or(kUnknownDim)};
}

void require_number(const InferContext& context, size_t input) {
  if (!is_floating(context.dtype(input)) && !is_integer(context.dtype(input)))
    context.fail(fmt::format("a picture of {}", dtype_name(context.dtype(input))));
}

}  // namespace

std::vector<TensorType> infer(const Resize& op, const InferContext& context) {
  require_inputs(context, 2);
  require_number(context, 0);
  const Shape x = require_rank(context, 0, 4);
  const auto [height, width] = size_of(context, 1);
  const bool bilinear = op.method == ResizeMethod::kBilinear;
  return {{bilinear ? DType::kFloat32 : context.dtype(0), {x[0], height, width, x[3]}}};
}

std::vector<TensorType> infer(const ResizeAffine& op, const InferContext& context) {
  require_inputs(context, 1);
  require_number(context, 0);
  const Shape x = require_rank(context, 0, 4);
  if (op.height < 1 || op.width < 1)
    context.fail(fmt::format("a size of {} x {}", op.height, op.width));
  return {{DType::kFloat32, {x[0], op.height, op.width, x[3]}}};
}

std::vector<TensorType> infer(const CropAndResize&, const InferContext& context) {
  require_inputs(context, 4);
  require_number(context, 0);
  const Shape x = require_rank(context, 0, 4);
  const Shape boxes = require_rank(context, 1, 2);
  meet_dims(boxes[1], 4, context);
  const int64_t count = meet_dims(boxes[0], require_rank(context, 2, 1)[0], context);
  const auto [height, width] = size_of(context, 3);
  return {{DType::kFloat32, {count, height, width, x[3]}}};
}

std::vector<TensorType> infer(const DecodeImage& op, const InferContext& context) {
  require_inputs(context, 1);
  require_dtype(context, 0, DType::kString);
  require_scalar(context, 0);
  if (op.channels < 0 || op.channels > 4 || op.channels == 2)
    context.fail(fmt::format("{} channels", op.channels));
  const int64_t channels = op.channels == 0 ? kUnknownDim : op.channels;
  if (op.format == ImageFormat::kGif)
    return {{op.dtype, {kUnknownDim, kUnknownDim, kUnknownDim, 3}}};
  // Only an animation has a fourth dimension, and what the file is shows in the run.
  if (op.format == ImageFormat::kAny && op.expand_animations) return {{op.dtype, Shape::unknown()}};
  return {{op.dtype, {kUnknownDim, kUnknownDim, channels}}};
}

}  // namespace thaw
