#include "kernels/vendor/vendor_conv.h"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/rows.h"

namespace thaw::vendor {
namespace {

int64_t pad_after(int64_t out, int64_t stride, int64_t kernel, int64_t dilation, int64_t in,
                  int64_t before) {
  return std::max<int64_t>(0, (out - 1) * stride + (kernel - 1) * dilation + 1 - in - before);
}

template <class T>
std::string refuse(const OpDesc& desc, const T& op, bool depthwise) {
  std::string why = cpu::refuse_activations(desc, op, {false, true, false});
  if (!why.empty()) return why;
  const Shape& x = desc.inputs[0].shape;
  if (x.rank() != 4 || !x.is_static()) return "the input's shape is not known";
  if (x.num_elements() == 0 || desc.outputs[0].shape.num_elements() == 0) return "it is empty";
  const Tensor& filter = *desc.inputs[1].constant;
  const int64_t groups = depthwise ? x[3] : x[3] / filter.dim(2);
  const int64_t out_c = depthwise ? filter.dim(2) * filter.dim(3) : filter.dim(3);
  if (groups < 1 || (depthwise ? filter.dim(2) : groups * filter.dim(2)) != x[3] ||
      out_c % groups != 0)
    return fmt::format("{} channels don't suit the filter {}", x[3], filter.str());
  if (desc.inputs.size() > 2 && desc.inputs[2].constant->num_elements() != out_c)
    return fmt::format("the bias is {}", desc.inputs[2].constant->str());
  return {};
}

template <class T>
VendorConv describe(const OpDesc& desc, const T& op, bool depthwise) {
  const TensorDesc& x = desc.inputs[0];
  const Shape& filter = desc.inputs[1].constant->shape();
  VendorConv conv;
  conv.groups = depthwise ? x.shape[3] : x.shape[3] / filter[2];
  const int64_t out_c = depthwise ? filter[2] * filter[3] : filter[3];
  conv.shape = cpu::window_shape(op_name(desc.op), op, Tensor::view(x.dtype, x.shape, nullptr),
                                 filter[0], filter[1], out_c);
  conv.types = cpu::layer_types(op, op.activation, x.dtype);
  const cpu::Clamp clamp = cpu::clamp_of(op.activation);
  conv.clamp_low = clamp.lo;
  conv.clamp_high = clamp.hi;
  return conv;
}

}  // namespace

int64_t VendorConv::pad_bottom() const {
  return pad_after(shape.out_h, shape.stride_h, shape.kernel_h, shape.dilation_h, shape.in_h,
                   shape.pad_top);
}

int64_t VendorConv::pad_right() const {
  return pad_after(shape.out_w, shape.stride_w, shape.kernel_w, shape.dilation_w, shape.in_w,
                   shape.pad_left);
}

std::string refuse_conv(const OpDesc& desc) {
  const auto* depthwise = std::get_if<DepthwiseConv2D>(&desc.op);
  std::string why =
      depthwise ? refuse(desc, *depthwise, true) : refuse(desc, std::get<Conv2D>(desc.op), false);
  if (!why.empty()) return why;
  const VendorConv conv = describe_conv(desc);
  const cpu::WindowShape& s = conv.shape;
  const int64_t span_h = (s.kernel_h - 1) * s.dilation_h + 1;
  const int64_t span_w = (s.kernel_w - 1) * s.dilation_w + 1;
  if (std::max(s.pad_top, conv.pad_bottom()) >= span_h ||
      std::max(s.pad_left, conv.pad_right()) >= span_w)
    return "a window lies in the padding alone";
  return {};
}

VendorConv describe_conv(const OpDesc& desc) {
  if (const auto* op = std::get_if<DepthwiseConv2D>(&desc.op)) return describe(desc, *op, true);
  return describe(desc, std::get<Conv2D>(desc.op), false);
}

}  // namespace thaw::vendor
