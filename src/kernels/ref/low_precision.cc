#include "kernels/ref/low_precision.h"

#include <fmt/core.h>

#include <cmath>

#include "base/half.h"
#include "kernels/evaluate.h"
#include "kernels/ref/window.h"

namespace thaw::ref {
namespace {

uint8_t quantized(float real, float scale, int64_t zero) {
  const float level = std::nearbyint(real / scale) + static_cast<float>(zero);
  return level >= 255 ? 255 : level > 0 ? static_cast<uint8_t>(level) : 0;  // NaN too is 0
}

float rounded(float x, DType dtype) {
  if (dtype == DType::kFloat16) return half_to_float(float_to_half(x));
  if (dtype == DType::kBFloat16) return bfloat16_to_float(float_to_bfloat16(x));
  return x;
}

// x in float64; of uint8 the levels above the zero, not scaled yet.
Tensor wide_input(const ActivationTypes& op, const Tensor& x) {
  Tensor wide = Tensor::empty(DType::kFloat64, x.shape());
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    double& to = wide.data<double>()[i];
    switch (x.dtype()) {
      case DType::kFloat32:
        to = x.data<float>()[i];
        break;
      case DType::kFloat16:
        to = half_to_float(x.data<uint16_t>()[i]);
        break;
      case DType::kBFloat16:
        to = bfloat16_to_float(x.data<uint16_t>()[i]);
        break;
      default:
        to = static_cast<double>(x.data<uint8_t>()[i] - op.in_zero);
    }
  }
  return wide;
}

// The filter in float64 as layers use it, and by output channel (the last `channels` elements
// of the filter lie together) what one level of it is worth.
struct WideFilter {
  Tensor values;
  std::vector<float> scales;
};

WideFilter wide_filter(const Tensor& filter, int64_t channels, DType x) {
  const auto* f = filter.data<float>();
  WideFilter wide{Tensor::empty(DType::kFloat64, filter.shape()),
                  std::vector<float>(static_cast<size_t>(channels), 1.0F)};
  if (x == DType::kUInt8) {
    std::vector<float> largest(wide.scales.size(), 0);
    for (int64_t i = 0; i < filter.num_elements(); ++i) {
      float& most = largest[static_cast<size_t>(i % channels)];
      most = std::max(most, std::fabs(f[i]));
    }
    for (size_t c = 0; c < largest.size(); ++c)
      if (largest[c] > 0) wide.scales[c] = largest[c] / 127;
  }
  for (int64_t i = 0; i < filter.num_elements(); ++i)
    wide.values.data<double>()[i] =
        x == DType::kUInt8 ? std::nearbyint(f[i] / wide.scales[static_cast<size_t>(i % channels)])
                           : rounded(f[i], x);
  return wide;
}

void store(const ActivationTypes& op, float real, Tensor& out, int64_t i) {
  switch (out.dtype()) {
    case DType::kFloat32:
      out.data<float>()[i] = real;
      break;
    case DType::kFloat16:
      out.data<uint16_t>()[i] = float_to_half(real);
      break;
    case DType::kBFloat16:
      out.data<uint16_t>()[i] = float_to_bfloat16(real);
      break;
    default:
      out.data<uint8_t>()[i] = quantized(real, op.out_scale, op.out_zero);
  }
}

template <class T>
void run_wide(const T& op, RunContext& context, int64_t channels) {
  const Tensor& x = context.input(0);
  const bool stays = std::is_same_v<T, DepthwiseConv2D> && x.dtype() != DType::kUInt8;
  const WideFilter filter =
      wide_filter(context.input(1), channels, stays ? DType::kFloat32 : x.dtype());
  T plain = op;
  static_cast<ActivationTypes&>(plain) = ActivationTypes();
  plain.activation = Activation::kNone;
  const Tensor sums = evaluate(plain, {wide_input(op, x), filter.values})[0];
  const DType result = op.result == DType::kInvalid ? x.dtype() : op.result;
  Tensor& out = context.output(0, result, sums.shape());
  const float* bias = context.num_inputs() > 2 ? context.input(2).data<float>() : nullptr;
  const float in_scale = x.dtype() == DType::kUInt8 ? op.in_scale : 1.0F;
  for (int64_t i = 0; i < sums.num_elements(); ++i) {
    const auto c = static_cast<size_t>(i % channels);
    float real = static_cast<float>(sums.data<double>()[i]) * (in_scale * filter.scales[c]);
    if (bias) real += bias[c];
    store(op, activate(real, op.activation), out, i);
  }
}

void check(const char* name, const RunContext& context) {
  for (size_t i = 1; i < context.num_inputs(); ++i)
    if (context.input(i).dtype() != DType::kFloat32)
      fail(name, fmt::format("input {} is {}, float32 was expected", i, context.input(i).str()));
  if (context.input(1).rank() != 4)
    fail(name, fmt::format("the filter is {}", context.input(1).str()));
}

}  // namespace

bool is_low_precision(const ActivationTypes& op, const RunContext& context) {
  return op.result != DType::kInvalid || context.input(0).dtype() != context.input(1).dtype();
}

void run_low_precision(const Conv2D& op, RunContext& context) {
  check("Conv2D", context);
  run_wide(op, context, context.input(1).dim(3));
}

void run_low_precision(const DepthwiseConv2D& op, RunContext& context) {
  check("DepthwiseConv2D", context);
  run_wide(op, context, context.input(1).dim(2) * context.input(1).dim(3));
}

void run(const SeparableConv2D& op, RunContext& context) {
  const DType x = context.input(0).dtype();
  DepthwiseConv2D first;
  static_cast<Window&>(first) = op;
  first.in_scale = op.in_scale;
  first.in_zero = op.in_zero;
  first.result = mid_type(op, x);
  first.out_scale = op.mid_scale;
  first.out_zero = op.mid_zero;
  first.activation = op.mid_activation;
  Conv2D second;
  second.in_scale = op.mid_scale;
  second.in_zero = op.mid_zero;
  second.result = op.result == DType::kInvalid ? x : op.result;
  second.out_scale = op.out_scale;
  second.out_zero = op.out_zero;
  second.activation = op.activation;
  const Tensor mid = evaluate(first, {context.input(0), context.input(1), context.input(2)})[0];
  context.set_output(0, evaluate(second, {mid, context.input(3), context.input(4)})[0]);
}

void run(const ConvHeads& op, RunContext& context) {
  Conv2D one;
  static_cast<Window&>(one) = op;
  static_cast<ActivationTypes&>(one) = op;
  one.activation = op.activation;
  for (size_t i = 1; i + 1 < context.num_inputs(); i += 2)
    context.set_output(
        i / 2, evaluate(one, {context.input(0), context.input(i), context.input(i + 1)})[0]);
}

void run(const ResizeConv2D& op, RunContext& context) {
  Conv2D layer;
  static_cast<Window&>(layer) = op;
  static_cast<ActivationTypes&>(layer) = op;
  layer.activation = op.activation;
  const Tensor picture = evaluate(static_cast<const ResizeAffine&>(op), {context.input(0)})[0];
  context.set_output(0, evaluate(layer, {picture, context.input(1), context.input(2)})[0]);
}

void run(const Quantize& op, RunContext& context) {
  const Tensor& x = context.input(0);
  Tensor& out = context.output(0, DType::kUInt8, x.shape());
  for (int64_t i = 0; i < x.num_elements(); ++i)
    out.data<uint8_t>()[i] = quantized(x.data<float>()[i], op.scale, op.zero);
}

void run(const Dequantize& op, RunContext& context) {
  const Tensor& q = context.input(0);
  Tensor& out = context.output(0, DType::kFloat32, q.shape());
  for (int64_t i = 0; i < q.num_elements(); ++i)
    out.data<float>()[i] = op.scale * static_cast<float>(q.data<uint8_t>()[i] - op.zero);
}

}  // namespace thaw::ref
