#include "kernels/cpu/entries.h"

#include <fmt/core.h>

namespace thaw::cpu {
namespace {

Entries all_entries() {
  Entries entries;
  add_box_decode_entries(entries);
  add_concat_entries(entries);
  add_typed_conv_entries(entries);  // before plain ones: float32 on tiles
  add_conv_entries(entries);
  add_conv_heads_entries(entries);
  add_convert_entries(entries);
  add_crop_entries(entries);
  add_depthwise_entries(entries);
  add_matmul_entries(entries);
  add_multi_class_nms_entries(entries);
  add_separable_entries(entries);
  add_unary_entries(entries);
  add_binary_entries(entries);
  add_layer_entries(entries);
  add_resize_conv_entries(entries);
  add_resize_entries(entries);
  return entries;
}

}  // namespace

std::string isa_refusal(Isa isa) {
  if (isa_enabled(isa)) return {};
  return fmt::format("{} is above {}, the level in use on this processor", isa_name(isa),
                     isa_name(best_isa()));
}

std::string refuse_dot(const KernelSet& set, const OpDesc& desc) {
  DType x = desc.inputs[0].dtype;
  if (const auto* separable = std::get_if<SeparableConv2D>(&desc.op)) x = mid_type(*separable, x);
  const bool has = (x == DType::kFloat32 && set.dot_float32 != nullptr) ||
                   (x == DType::kBFloat16 && set.dot_bfloat16 != nullptr) ||
                   (x == DType::kFloat16 && set.dot_float16 != nullptr) ||
                   (x == DType::kUInt8 && set.dot_uint8 != nullptr);
  return has ? "" : fmt::format("no dot products of {}", dtype_name(x));
}

std::string refuse_dtype(const OpDesc& desc) {
  for (size_t i = 0; i < desc.inputs.size(); ++i) {
    if (desc.inputs[i].dtype != DType::kFloat32)
      return fmt::format("input {} is {}, not float32", i, dtype_name(desc.inputs[i].dtype));
  }
  return {};
}

bool is_constant(const OpDesc& desc, size_t input) {
  return input < desc.inputs.size() && desc.inputs[input].constant != nullptr;
}

Clamp clamp_of(Activation activation) {
  Clamp clamp;
  if (activation != Activation::kNone) clamp.lo = 0;
  if (activation == Activation::kRelu6) clamp.hi = 6;
  return clamp;
}

}  // namespace thaw::cpu

namespace thaw {

KernelTable cpu_kernels() {
  static const std::vector<KernelEntry> rows = cpu::all_entries();
  return {rows.data(), rows.size()};
}

}  // namespace thaw
