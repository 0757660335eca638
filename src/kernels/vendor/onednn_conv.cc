#include "kernels/vendor/onednn_conv.h"

#include <algorithm>
#include <cmath>

namespace thaw::vendor {
namespace {

dnnl_data_type_t type_of(cpu::Element element) {
  switch (element) {
    case cpu::Element::kBFloat16:
      return dnnl_bf16;
    case cpu::Element::kFloat16:
      return dnnl_f16;
    case cpu::Element::kUInt8:
      return dnnl_u8;
    default:
      return dnnl_f32;
  }
}

dnnl_memory_desc_t layout(const OneDnn& dnn, const std::vector<int64_t>& dims,
                          dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t desc;
  must(dnn.memory_desc_init_by_tag(&desc, static_cast<int>(dims.size()), dims.data(), type, tag),
       "memory_desc_init_by_tag");
  return desc;
}

bool is_pointwise(const cpu::WindowShape& s) {
  return s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 && s.stride_w == 1 &&
         s.in_h == s.out_h && s.in_w == s.out_w && s.pad_top == 0 && s.pad_left == 0;
}

}  // namespace

OneDnnConv::OneDnnConv(const OneDnn& dnn, const OpDesc& desc)
    : dnn_(dnn), conv_(describe_conv(desc)), has_bias_(desc.inputs.size() > 2) {
  cpu::WindowShape& s = conv_.shape;
  if (!is_pointwise(s)) return;
  s.in_h = s.out_h = s.batch * s.in_h * s.in_w;
  s.in_w = s.out_w = s.batch = 1;
}

std::vector<Band> OneDnnConv::bands(int64_t count) const {
  const cpu::WindowShape& s = conv_.shape;
  const int64_t span = (s.kernel_h - 1) * s.dilation_h + 1;
  count = std::clamp<int64_t>(count, 1, s.out_h);
  std::vector<Band> bands;
  for (int64_t i = 0; i < count; ++i) {
    Band band;
    band.out_first = s.out_h * i / count;
    band.out_rows = s.out_h * (i + 1) / count - band.out_first;
    const int64_t begin = band.out_first * s.stride_h - s.pad_top;
    const int64_t end = (band.out_first + band.out_rows - 1) * s.stride_h - s.pad_top + span;
    band.in_first = std::max<int64_t>(begin, 0);
    band.in_rows = std::min(end, s.in_h) - band.in_first;
    band.pad_top = band.in_first - begin;
    band.pad_bottom = std::max<int64_t>(end - s.in_h, 0);
    if (band.in_rows < 1) return this->bands(1);
    bands.push_back(band);
  }
  return bands;
}

dnnl_memory_desc_t OneDnnConv::weights_of(dnnl_data_type_t type, dnnl_format_tag_t tag) const {
  const cpu::WindowShape& s = conv_.shape;
  const int64_t g = conv_.groups;
  std::vector<int64_t> dims{s.out_c / g, s.in_c / g, s.kernel_h, s.kernel_w};
  if (g > 1) dims.insert(dims.begin(), g);
  return layout(dnn_, dims, type, tag);
}

dnnl_memory_desc_t OneDnnConv::filter() const {
  return weights_of(dnnl_f32, conv_.groups > 1 ? dnnl_hwigo : dnnl_hwio);
}

dnnl_memory_desc_t OneDnnConv::source(const Band& band) const {
  const cpu::WindowShape& s = conv_.shape;
  return layout(dnn_, {1, s.in_c, band.in_rows, s.in_w}, type_of(conv_.types.x), dnnl_nhwc);
}

dnnl_memory_desc_t OneDnnConv::result(const Band& band) const {
  const cpu::WindowShape& s = conv_.shape;
  return layout(dnn_, {1, s.out_c, band.out_rows, s.out_w}, type_of(conv_.types.result), dnnl_nhwc);
}

dnnl_memory_desc_t OneDnnConv::bias() const {
  return layout(dnn_, {conv_.shape.out_c}, dnnl_f32, dnnl_a);
}

DnnHandle<dnnl_primitive_attr_t> OneDnnConv::attributes(const std::vector<float>& scales) const {
  dnnl_primitive_attr_t made = nullptr;
  must(dnn_.primitive_attr_create(&made), "primitive_attr_create");
  DnnHandle<dnnl_primitive_attr_t> attr(made, dnn_.primitive_attr_destroy);
  must(dnn_.primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user),
       "primitive_attr_set_scratchpad_mode");
  const bool levels = conv_.types.result == cpu::Element::kUInt8;
  if (conv_.types.x == cpu::Element::kUInt8) {
    must(dnn_.primitive_attr_set_output_scales(made, conv_.shape.out_c, 2, scales.data()),
         "primitive_attr_set_output_scales");
    const int32_t zero = conv_.types.out_zero;
    if (levels && zero != 0)
      must(dnn_.primitive_attr_set_zero_points(made, DNNL_ARG_DST, 1, 0, &zero),
           "primitive_attr_set_zero_points");
  }
  if (conv_.types.activation == Activation::kNone) return attr;
  const float unit = levels ? conv_.types.out_scale : 1.0F;
  dnnl_post_ops_t after = nullptr;
  must(dnn_.post_ops_create(&after), "post_ops_create");
  const DnnHandle<dnnl_post_ops_t> owner(after, dnn_.post_ops_destroy);
  const bool bounded = std::isfinite(conv_.clamp_high);
  must(dnn_.post_ops_append_eltwise(after, 1, bounded ? dnnl_eltwise_clip : dnnl_eltwise_relu, 0,
                                    bounded ? conv_.clamp_high / unit : 0),
       "post_ops_append_eltwise");
  must(dnn_.primitive_attr_set_post_ops(made, after), "primitive_attr_set_post_ops");
  return attr;
}

OneDnnConv::PrimitiveDesc OneDnnConv::describe(const Band& band, const dnnl_memory_desc_t* weights,
                                               const std::vector<float>& scales) const {
  const cpu::WindowShape& s = conv_.shape;
  const dnnl_data_type_t type =
      conv_.types.x == cpu::Element::kUInt8 ? dnnl_s8 : type_of(conv_.types.x);
  const dnnl_memory_desc_t any = weights_of(type, dnnl_format_tag_any);
  const dnnl_memory_desc_t from = source(band);
  const dnnl_memory_desc_t to = result(band);
  const dnnl_memory_desc_t added = bias();
  const dnnl_dims_t strides = {s.stride_h, s.stride_w};
  const dnnl_dims_t gaps = {s.dilation_h - 1, s.dilation_w - 1};
  const dnnl_dims_t before = {band.pad_top, s.pad_left};
  const dnnl_dims_t after = {band.pad_bottom, conv_.pad_right()};
  PrimitiveDesc none(nullptr, dnn_.primitive_desc_destroy);
  dnnl_convolution_desc_t conv;
  if (dnn_.dilated_convolution_forward_desc_init(
          &conv, dnnl_forward_inference, dnnl_convolution_direct, &from, weights ? weights : &any,
          has_bias_ ? &added : nullptr, &to, strides, gaps, before, after) != dnnl_success)
    return none;
  dnnl_primitive_desc_t made = nullptr;
  if (dnn_.primitive_desc_create(&made, &conv, attributes(scales).get(), dnn_.engine, nullptr) !=
      dnnl_success)
    return none;
  return {made, dnn_.primitive_desc_destroy};
}

}  // namespace thaw::vendor
