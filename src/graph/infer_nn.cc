// Inference rules of ops/nn.h.
#include <fmt/format.h>

#include <algorithm>

#include "graph/infer_util.h"

namespace thaw {
namespace {

void check_bias(const InferContext& context, int64_t channels) {
  if (context.num_inputs() < 3) return;
  require_same_dtype(context, 1, 2);
  meet_dims(require_rank(context, 2, 1)[0], channels, context);
}

bool is_low_precision(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kUInt8;
}

void check_scale(const char* what, DType dtype, float scale, int64_t zero,
                 const InferContext& context) {
  if (dtype == DType::kUInt8 && (!(scale > 0) || zero < 0 || zero > 255))
    context.fail(fmt::format("{}_scale {} and {}_zero {}, above 0 and 0..255 were expected", what,
                             scale, what, zero));
}

// The result's type of a layer whose filter is input 1.
DType check_types(const ActivationTypes& op, const InferContext& context) {
  const DType x = context.dtype(0);
  if (op.result == DType::kInvalid && x != DType::kUInt8 &&
      (!is_low_precision(x) || context.dtype(1) == x)) {
    require_floating(context, 0);
    require_same_dtype(context, 0, 1);
    return x;
  }
  const DType result = op.result == DType::kInvalid ? x : op.result;
  if ((x != DType::kFloat32 && !is_low_precision(x)) ||
      (result != DType::kFloat32 && !is_low_precision(result)))
    context.fail(fmt::format("{} to {}, float32, float16, bfloat16 or uint8 were expected",
                             dtype_name(x), dtype_name(result)));
  require_dtype(context, 1, DType::kFloat32);
  check_scale("in", x, op.in_scale, op.in_zero, context);
  check_scale("out", result, op.out_scale, op.out_zero, context);
  return result;
}

void check_float16_accumulation(bool float16_accumulation, const InferContext& context) {
  if (float16_accumulation) require_dtype(context, 0, DType::kFloat16);
}

// [n, oh, ow, channels]
Shape windowed(const Window& window, const Shape& x, int64_t kh, int64_t kw, int64_t channels,
               const InferContext& context) {
  return {x[0], window_output(window, 0, x[1], kh, context),
          window_output(window, 1, x[2], kw, context), channels};
}

}  // namespace

std::vector<TensorType> infer(const Conv2D& op, const InferContext& context) {
  require_inputs(context, 2, 3);
  const DType result = check_types(op, context);
  const Shape x = require_rank(context, 0, 4);
  const Shape filter = require_rank(context, 1, 4);
  if (x[3] >= 0 && filter[2] >= 0 && (filter[2] == 0 || x[3] % filter[2] != 0))
    context.fail(
        fmt::format("{} input channels, the filter {} takes {}", x[3], filter.str(), filter[2]));
  check_bias(context, filter[3]);
  return {{result, windowed(op, x, filter[0], filter[1], filter[3], context)}};
}

std::vector<TensorType> infer(const DepthwiseConv2D& op, const InferContext& context) {
  require_inputs(context, 2, 3);
  const DType result = check_types(op, context);
  check_float16_accumulation(op.float16_accumulation, context);
  const Shape x = require_rank(context, 0, 4);
  const Shape filter = require_rank(context, 1, 4);
  const int64_t channels = meet_dims(x[3], filter[2], context);
  const int64_t outputs = mul_dims(channels, filter[3], context);
  check_bias(context, outputs);
  return {{result, windowed(op, x, filter[0], filter[1], outputs, context)}};
}

std::vector<TensorType> infer(const SeparableConv2D& op, const InferContext& context) {
  require_inputs(context, 5);
  const DType result = check_types(op, context);
  check_float16_accumulation(op.float16_accumulation, context);
  const DType mid = mid_type(op, context.dtype(0));
  if (op.mid != DType::kInvalid && mid != DType::kFloat32 && !is_low_precision(mid))
    context.fail(fmt::format("{} between, float32, float16, bfloat16 or uint8 were expected",
                             dtype_name(mid)));
  check_scale("mid", mid, op.mid_scale, op.mid_zero, context);
  for (size_t i = 2; i < 5; ++i) require_dtype(context, i, context.dtype(1));
  const Shape x = require_rank(context, 0, 4);
  const Shape depthwise = require_rank(context, 1, 4);
  const Shape pointwise = require_rank(context, 3, 4);
  int64_t channels = meet_dims(x[3], depthwise[2], context);
  channels = meet_dims(channels, require_rank(context, 2, 1)[0], context);
  meet_dims(channels, pointwise[2], context);
  for (int64_t one : {depthwise[3], pointwise[0], pointwise[1]}) meet_dims(one, 1, context);
  const int64_t outputs = meet_dims(pointwise[3], require_rank(context, 4, 1)[0], context);
  return {{result, windowed(op, x, depthwise[0], depthwise[1], outputs, context)}};
}

std::vector<TensorType> infer(const ConvHeads& op, const InferContext& context) {
  if (context.num_inputs() < 3 || context.num_inputs() % 2 == 0)
    context.fail(fmt::format("{} inputs, one and pairs of filter and bias were expected",
                             context.num_inputs()));
  const DType result = check_types(op, context);
  const Shape x = require_rank(context, 0, 4);
  const Shape first = require_rank(context, 1, 4);
  std::vector<TensorType> outputs;
  for (size_t i = 1; i < context.num_inputs(); i += 2) {
    const Shape filter = require_rank(context, i, 4);
    require_same_dtype(context, 1, i);
    require_same_dtype(context, 1, i + 1);
    meet_dims(x[3], filter[2], context);
    meet_dims(first[0], filter[0], context);
    meet_dims(first[1], filter[1], context);
    const int64_t channels = meet_dims(filter[3], require_rank(context, i + 1, 1)[0], context);
    outputs.push_back({result, windowed(op, x, filter[0], filter[1], channels, context)});
  }
  return outputs;
}

std::vector<TensorType> infer(const ResizeConv2D& op, const InferContext& context) {
  require_inputs(context, 3);
  require_dtype(context, 1, DType::kFloat32);
  if (op.height < 1 || op.width < 1)
    context.fail(fmt::format("a size of {} x {}", op.height, op.width));
  const DType result = op.result == DType::kInvalid ? DType::kFloat32 : op.result;
  if (result != DType::kFloat32 && !is_low_precision(result))
    context.fail(fmt::format("a result of {}", dtype_name(result)));
  check_scale("out", result, op.out_scale, op.out_zero, context);
  const Shape x = require_rank(context, 0, 4);
  const Shape filter = require_rank(context, 1, 4);
  meet_dims(x[3], filter[2], context);
  check_bias(context, filter[3]);
  const Shape resized{x[0], op.height, op.width, x[3]};
  return {{result, windowed(op, resized, filter[0], filter[1], filter[3], context)}};
}

std::vector<TensorType> infer(const BatchNorm& op, const InferContext& context) {
  require_inputs(context, 5);
  require_floating(context, 0);
  Shape x = require_rank(context, 0, 4);
  for (size_t i = 1; i < 5; ++i) {
    require_floating(context, i);
    const Shape vector = require_rank(context, i, 1);
    // In training the mean and the variance come from the batch; the inputs may be empty.
    if (!op.training || i < 3) x[3] = meet_dims(x[3], vector[0], context);
  }
  return {{context.dtype(0), x}};
}

std::vector<TensorType> infer(const MatMul& op, const InferContext& context) {
  require_inputs(context, 2, 3);
  require_same_dtype(context, 0, 1);
  Shape a = context.shape(0);
  Shape b = context.shape(1);
  for (const Shape& s : {a, b})
    if (s.has_rank() && s.rank() < 2)
      context.fail(fmt::format("an input of shape {}, a matrix was expected", s.str()));
  if (!a.has_rank() || !b.has_rank()) return {{context.dtype(0), Shape::unknown()}};
  const auto take_matrix = [](Shape& s, bool transposed) {
    int64_t rows = s[s.rank() - 2];
    int64_t columns = s[s.rank() - 1];
    if (transposed) std::swap(rows, columns);
    s.erase(s.rank() - 1);
    s.erase(s.rank() - 1);
    return std::pair<int64_t, int64_t>{rows, columns};
  };
  const auto [m, ka] = take_matrix(a, op.transpose_a);
  const auto [kb, n] = take_matrix(b, op.transpose_b);
  meet_dims(ka, kb, context);
  check_bias(context, n);
  Shape result = broadcast_shapes(a, b, context);
  result.push_back(m);
  result.push_back(n);
  return {{context.dtype(0), result}};
}

std::vector<TensorType> infer(const Pool& op, const InferContext& context) {
  require_inputs(context, 1);
  const Shape x = require_rank(context, 0, 4);
  for (int64_t extent : op.window)
    if (extent < 1) context.fail(fmt::format("a window of extent {}", extent));
  return {{context.dtype(0), windowed(op, x, op.window[0], op.window[1], x[3], context)}};
}

std::vector<TensorType> infer(const Softmax&, const InferContext& context) {
  require_inputs(context, 1);
  require_floating(context, 0);
  if (context.shape(0).has_rank() && context.shape(0).rank() < 1)
    context.fail("a scalar has no last dimension");
  return {context.input(0)};
}

std::vector<TensorType> infer(const LocalResponseNorm& op, const InferContext& context) {
  require_inputs(context, 1);
  require_floating(context, 0);
  if (op.depth_radius < 0) context.fail(fmt::format("a radius of {}", op.depth_radius));
  return {{context.dtype(0), require_rank(context, 0, 4)}};
}

}  // namespace thaw
