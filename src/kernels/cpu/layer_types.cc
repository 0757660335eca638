#include "kernels/cpu/layer_types.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "base/round_up.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

bool is_activation(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16 ||
         dtype == DType::kUInt8;
}

std::string refuse_scale(const char* what, float scale, int64_t zero) {
  if (std::isfinite(scale) && scale > 0 && zero >= 0 && zero <= 255) return {};
  return fmt::format("{} of scale {} and zero {}", what, scale, zero);
}

}  // namespace

Element element_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return Element::kFloat16;
    case DType::kBFloat16:
      return Element::kBFloat16;
    case DType::kUInt8:
      return Element::kUInt8;
    default:
      return Element::kFloat32;
  }
}

DType dtype_of(Element element) {
  switch (element) {
    case Element::kFloat16:
      return DType::kFloat16;
    case Element::kBFloat16:
      return DType::kBFloat16;
    case Element::kUInt8:
      return DType::kUInt8;
    case Element::kFloat32:
      break;
  }
  return DType::kFloat32;
}

std::string refuse_activations(const OpDesc& desc, const ActivationTypes& op,
                               const std::vector<bool>& filters) {
  const DType x = desc.inputs[0].dtype;
  const DType result = op.result == DType::kInvalid ? x : op.result;
  if (!is_activation(x)) return fmt::format("the input is {}", dtype_name(x));
  if (!is_activation(result) || desc.outputs[0].dtype != result)
    return fmt::format("the result is {}", dtype_name(desc.outputs[0].dtype));
  std::string why;
  if (x == DType::kUInt8) why = refuse_scale("a uint8 input", op.in_scale, op.in_zero);
  if (why.empty() && result == DType::kUInt8)
    why = refuse_scale("a uint8 result", op.out_scale, op.out_zero);
  if (!why.empty()) return why;
  for (size_t i = 1; i < desc.inputs.size(); ++i) {
    if (!is_constant(desc, i)) return fmt::format("input {} is not constant", i);
    const Tensor& t = *desc.inputs[i].constant;
    if (t.dtype() != DType::kFloat32 || t.num_elements() == 0 || t.rank() != (filters[i] ? 4 : 1))
      return fmt::format("input {} is {}", i, t.str());
  }
  return {};
}

const float* constant_floats(const OpDesc& desc, size_t input) {
  return input < desc.inputs.size() ? desc.inputs[input].constant->data<float>() : nullptr;
}

LayerTypes layer_types(const ActivationTypes& op, Activation activation, DType x) {
  LayerTypes t;
  t.x = element_of(x);
  t.in_scale = x == DType::kUInt8 ? op.in_scale : 1.0F;
  t.in_zero = x == DType::kUInt8 ? static_cast<int>(op.in_zero) : 0;
  t.result = element_of(op.result == DType::kInvalid ? x : op.result);
  t.out_scale = op.out_scale;
  t.out_zero = static_cast<int>(op.out_zero);
  t.activation = activation;
  return t;
}

RoundedFilter rounded_filter(const float* filter, int64_t count, int64_t channels, Element x) {
  RoundedFilter r{std::vector<float>(filter, filter + count),
                  std::vector<float>(static_cast<size_t>(channels), 1.0F)};
  if (x == Element::kUInt8) {
    std::vector<float> largest(r.scales.size(), 0);
    for (size_t i = 0; i < r.values.size(); ++i) {
      float& most = largest[i % r.scales.size()];
      most = std::max(most, std::fabs(r.values[i]));
    }
    for (size_t c = 0; c < largest.size(); ++c)
      if (largest[c] > 0) r.scales[c] = largest[c] / 127;
  }
  for (size_t i = 0; i < r.values.size(); ++i) {
    float& v = r.values[i];
    if (x == Element::kUInt8) v = std::nearbyint(v / r.scales[i % r.scales.size()]);
    if (x == Element::kBFloat16) v = bfloat16_to_float(float_to_bfloat16(v));
    if (x == Element::kFloat16) v = half_to_float(float_to_half(v));
  }
  return r;
}

Clamp level_clamp(Clamp clamp, float scale, int zero) {
  return {std::max(clamp.lo / scale, static_cast<float>(-zero)),
          std::min(clamp.hi / scale, static_cast<float>(255 - zero))};
}

const GemmKernels& rounded_gemm(const KernelSet& set, int64_t k) {
  return set.short_gemm != nullptr && k <= kShortLength ? *set.short_gemm : set.gemm;
}

size_t ChannelEpilogue::bytes(int64_t channels) {
  return 2 * static_cast<size_t>(round_up(channels, 16)) * sizeof(float);
}

void ChannelEpilogue::fill(const LayerTypes& types, const std::vector<float>& filter_scales,
                           const float* bias, void* memory) {
  const auto channels = static_cast<int64_t>(filter_scales.size());
  auto* scales = static_cast<float*>(memory);
  const auto count = static_cast<int64_t>(bytes(channels) / sizeof(float));
  std::fill(scales, scales + count, 0.0F);
  float* biases = scales + count / 2;
  const float level = types.result == Element::kUInt8 ? types.out_scale : 1.0F;
  for (int64_t c = 0; c < channels; ++c) {
    scales[c] = types.in_scale * filter_scales[static_cast<size_t>(c)] / level;
    biases[c] = bias != nullptr ? bias[c] / level : 0.0F;
  }
}

ChannelEpilogue::ChannelEpilogue(const LayerTypes& types, int64_t channels, const void* filled)
    : scale_(static_cast<const float*>(filled)),
      bias_(scale_ + bytes(channels) / sizeof(float) / 2),
      clamp_(clamp_of(types.activation)),
      result_(types.result) {
  if (types.result != Element::kUInt8) return;
  zero_ = types.out_zero;
  clamp_ = level_clamp(clamp_, types.out_scale, zero_);
}

Epilogue ChannelEpilogue::at(int64_t c) const {
  return {scale_ + c, bias_ + c, clamp_, zero_, result_};
}

}  // namespace thaw::cpu
