#include "kernels/vendor/xnnpack_conv.h"

#include <algorithm>
#include <cmath>

namespace thaw::vendor {
namespace {

// XNNPACK's order of some output channels' weights: [co][kh][kw][ci], or [kh][kw][c] depthwise.
std::vector<float> filter_part(const Tensor& filter, bool depthwise, int64_t first, int64_t count) {
  const int64_t channels = depthwise ? filter.dim(2) : filter.dim(3);
  const int64_t rows = filter.num_elements() / channels;
  std::vector<float> part(static_cast<size_t>(rows * count));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < count; ++c) {
      const int64_t at = depthwise ? r * count + c : c * rows + r;
      part[static_cast<size_t>(at)] = filter.data<float>()[r * channels + first + c];
    }
  }
  return part;
}

// The largest magnitude of each of `count` channels over 127, as ActivationTypes has it.
std::vector<float> filter_scales(const std::vector<float>& filter, bool depthwise, int64_t count) {
  const auto channels = static_cast<size_t>(count);
  const size_t rows = filter.size() / channels;
  std::vector<float> scales(channels, 0);
  for (size_t i = 0; i < filter.size(); ++i) {
    float& most = scales[depthwise ? i % channels : i / rows];
    most = std::max(most, std::fabs(filter[i]));
  }
  for (float& s : scales) s = s > 0 ? s / 127 : 1;
  return scales;
}

int8_t signed_level(float level) {
  return static_cast<int8_t>(std::clamp(level, 0.0F, 255.0F) - 128);
}

int32_t whole(float x) {
  constexpr float kMost = 1 << 30;
  return std::isnan(x) ? 0 : static_cast<int32_t>(std::nearbyint(std::clamp(x, -kMost, kMost)));
}

uint32_t u32(int64_t x) { return static_cast<uint32_t>(x); }

// The signed levels that a result is kept within.
struct LevelBounds {
  explicit LevelBounds(const VendorConv& conv) {
    const cpu::LayerTypes& t = conv.types;
    const cpu::Clamp clamp =
        cpu::level_clamp({conv.clamp_low, conv.clamp_high}, t.out_scale, t.out_zero);
    low = signed_level(std::nearbyint(clamp.lo) + static_cast<float>(t.out_zero));
    high = signed_level(std::nearbyint(clamp.hi) + static_cast<float>(t.out_zero));
  }
  int8_t low, high;
};

std::string refuse_levels(const OpDesc& desc, const VendorConv& conv) {
  const Tensor& filter = *desc.inputs[1].constant;
  float most = 0;
  for (int64_t i = 0; i < filter.num_elements(); ++i)
    most = std::max(most, std::fabs(filter.data<float>()[i]));
  if (most / 127 * conv.types.in_scale / conv.types.out_scale >= 256)
    return "the result's scale is too fine";
  const LevelBounds bounds(conv);
  return bounds.low < bounds.high ? "" : "the result has but one level";
}

}  // namespace

std::string refuse_xnn_types(const OpDesc& desc) {
  const VendorConv conv = describe_conv(desc);
  const cpu::LayerTypes& types = conv.types;
  const bool depthwise = std::holds_alternative<DepthwiseConv2D>(desc.op);
  if (depthwise ? conv.shape.out_c != conv.shape.in_c : conv.groups > 1) return "it has groups";
  if (types.x != types.result) return "no such pair of types";
  if (types.x == cpu::Element::kUInt8) return refuse_levels(desc, conv);
  if (types.x != cpu::Element::kFloat32) return "no 16-bit floats";
  // It may read 16 bytes, a vector, past the end.
  return conv.shape.in_c % 4 == 0 ? "" : "the channels are no multiple of 4";
}

XnnConv::XnnConv(const OpDesc& desc)
    : conv_(describe_conv(desc)), depthwise_(std::holds_alternative<DepthwiseConv2D>(desc.op)) {}

XnnOperator XnnConv::create(const Xnnpack& xnn, const Tensor& filter, const float* bias,
                            int64_t first, int64_t count) const {
  const std::vector<float> part = filter_part(filter, depthwise_, first, count);
  if (bias != nullptr) bias += first;
  return quantised() ? create_quantised(xnn, part, bias, count)
                     : create_float(xnn, part, bias, count);
}

XnnOperator XnnConv::create_float(const Xnnpack& xnn, const std::vector<float>& filter,
                                  const float* bias, int64_t count) const {
  const cpu::WindowShape& s = conv_.shape;
  xnn_operator_t made = nullptr;
  must(xnn.create_convolution2d_nhwc_f32(
           u32(s.pad_top), u32(conv_.pad_right()), u32(conv_.pad_bottom()), u32(s.pad_left),
           u32(s.kernel_h), u32(s.kernel_w), u32(s.stride_h), u32(s.stride_w), u32(s.dilation_h),
           u32(s.dilation_w), depthwise_ ? u32(count) : 1,
           depthwise_ ? 1 : static_cast<size_t>(s.in_c),
           depthwise_ ? 1 : static_cast<size_t>(count), static_cast<size_t>(s.in_c),
           static_cast<size_t>(s.out_c), filter.data(), bias, conv_.clamp_low, conv_.clamp_high,
           depthwise_ ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0, &made),
       "create_convolution2d_nhwc_f32");
  return {made, xnn.delete_operator};
}

XnnOperator XnnConv::create_quantised(const Xnnpack& xnn, const std::vector<float>& filter,
                                      const float* bias, int64_t count) const {
  const cpu::WindowShape& s = conv_.shape;
  const cpu::LayerTypes& t = conv_.types;
  const std::vector<float> scales = filter_scales(filter, depthwise_, count);
  const size_t rows = filter.size() / scales.size();
  std::vector<int8_t> levels(filter.size());
  for (size_t i = 0; i < filter.size(); ++i) {
    const size_t c = depthwise_ ? i % scales.size() : i / rows;
    levels[i] = static_cast<int8_t>(std::nearbyint(filter[i] / scales[c]));
  }
  std::vector<int32_t> biases(scales.size(), 0);
  for (size_t c = 0; bias != nullptr && c < scales.size(); ++c)
    biases[c] = whole(bias[c] / (t.in_scale * scales[c]));
  const LevelBounds bounds(conv_);
  xnn_operator_t made = nullptr;
  must(
      xnn.create_convolution2d_nhwc_qc8(
          u32(s.pad_top), u32(conv_.pad_right()), u32(conv_.pad_bottom()), u32(s.pad_left),
          u32(s.kernel_h), u32(s.kernel_w), u32(s.stride_h), u32(s.stride_w), u32(s.dilation_h),
          u32(s.dilation_w), depthwise_ ? u32(count) : 1,
          depthwise_ ? 1 : static_cast<size_t>(s.in_c), depthwise_ ? 1 : static_cast<size_t>(count),
          static_cast<size_t>(s.in_c), static_cast<size_t>(s.out_c),
          static_cast<int8_t>(t.in_zero - 128), t.in_scale, scales.data(), levels.data(),
          biases.data(), static_cast<int8_t>(t.out_zero - 128), t.out_scale, bounds.low,
          bounds.high, depthwise_ ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0, &made),
      "create_convolution2d_nhwc_qc8");
  return {made, xnn.delete_operator};
}

void XnnConv::run(const Xnnpack& xnn, xnn_operator_t op, const void* x, void* y,
                  int64_t first) const {
  const cpu::WindowShape& s = conv_.shape;
  const int64_t from = depthwise_ ? first : 0;
  const auto batch = static_cast<size_t>(s.batch);
  const auto h = static_cast<size_t>(s.in_h);
  const auto w = static_cast<size_t>(s.in_w);
  if (quantised()) {
    must(xnn.setup_convolution2d_nhwc_qc8(op, batch, h, w, static_cast<const int8_t*>(x) + from,
                                          static_cast<int8_t*>(y) + first, nullptr),
         "setup_convolution2d_nhwc_qc8");
  } else {
    must(xnn.setup_convolution2d_nhwc_f32(op, batch, h, w, static_cast<const float*>(x) + from,
                                          static_cast<float*>(y) + first, nullptr),
         "setup_convolution2d_nhwc_f32");
  }
  must(xnn.run_operator(op, nullptr), "run_operator");
}

}  // namespace thaw::vendor
