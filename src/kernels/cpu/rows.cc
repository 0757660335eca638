#include "kernels/cpu/rows.h"

#include <fmt/core.h>

#include <vector>

#include "kernels/cpu/gemm/other_panels.h"
#include "kernels/cpu/layer_types.h"

namespace thaw::cpu {
namespace {

// What rows say of their exactness: the same whatever runs, or that of the level's loops that do.
template <const Exactness& exactness>
Exactness always(const KernelSet& /*set*/, const OpDesc& /*desc*/) {
  return exactness;
}

// The type of what is multiplied in a layer's dot products.
DType multiplied(const OpDesc& desc) {
  const DType x = desc.inputs[0].dtype;
  const auto* separable = std::get_if<SeparableConv2D>(&desc.op);
  return separable != nullptr ? mid_type(*separable, x) : x;
}

Exactness by_dot(const KernelSet& set, const OpDesc& desc) {
  const DotKernels* dot = set.dot(element_of(multiplied(desc)));
  return dot != nullptr ? exactness_of(dot) : kFloat32Sums;
}

// Where the depthwise half is summed in float16 its errors add up in the other.
constexpr Exactness kFloat16Middle{1e-2F};

Exactness by_separable(const KernelSet& set, const OpDesc& desc) {
  const bool in_float16 = std::get<SeparableConv2D>(desc.op).float16_accumulation &&
                          set.depthwise_float16_accumulation != nullptr;
  return in_float16 ? kFloat16Middle : by_dot(set, desc);
}

Exactness by_short_gemm(const KernelSet& set, const OpDesc& /*desc*/) {
  return exactness_of(set.short_gemm);
}

Exactness by_depthwise(const KernelSet& set, const OpDesc& desc) {
  const bool in_float16 = std::get<DepthwiseConv2D>(desc.op).float16_accumulation &&
                          set.depthwise_float16_accumulation != nullptr;
  return in_float16 ? exactness_of(set.depthwise_float16_accumulation) : kFloat32Sums;
}

// Empty when the kernel runs on this processor, otherwise why not.
std::string refuse_isa(Isa isa) {
  if (isa_enabled(isa)) return {};
  return fmt::format("{} is above {}, the level in use on this processor", isa_name(isa),
                     isa_name(best_isa()));
}

// Empty when the set has dot products for the layer, otherwise why not.
std::string refuse_dot(const KernelSet& set, const OpDesc& desc) {
  const DType x = multiplied(desc);
  const bool known = dtype_of(element_of(x)) == x;
  return known && set.dot(element_of(x)) != nullptr
             ? ""
             : fmt::format("no dot products of {}", dtype_name(x));
}

using Rows = std::vector<KernelRow>;
using ExactnessOf = Exactness (*)(const KernelSet&, const OpDesc&);

template <Isa isa, const KernelClass& kernel, ExactnessOf exactness>
void add(Rows& rows, const char* name, OpKind op) {
  if (kernel_set(isa) == nullptr) return;
  KernelRow row;
  row.name = name;
  row.op = op;
  row.can_run = [](const OpDesc& desc) {
    std::string why = refuse_isa(isa);
    return why.empty() ? kernel.can_run(desc) : why;
  };
  row.create = [](const OpDesc& desc) { return kernel.create(desc, *kernel_set(isa)); };
  row.exactness = [](const OpDesc& desc) { return exactness(*kernel_set(isa), desc); };
  rows.push_back(row);
}

// For a level that has dot products of the layer's type.
template <Isa isa, const KernelClass& kernel, ExactnessOf exactness>
void add_dot(Rows& rows, const char* name, OpKind op) {
  if (kernel_set(isa) == nullptr) return;
  add<isa, kernel, exactness>(rows, name, op);
  rows.back().can_run = [](const OpDesc& desc) {
    std::string why = refuse_isa(isa);
    if (why.empty()) why = refuse_dot(*kernel_set(isa), desc);
    return why.empty() ? kernel.can_run(desc) : why;
  };
}

// With panels of another width than the level's own.
template <Isa isa, const KernelClass& kernel, ExactnessOf exactness>
void add_panels(Rows& rows, const char* name, OpKind op) {
  if (kernel_set(isa) == nullptr) return;
  add<isa, kernel, exactness>(rows, name, op);
  rows.back().create = [](const OpDesc& desc) { return kernel.create(desc, *other_panels(isa)); };
}

// The levels that a row of the tables can name, best first.
#define THAW_ROW(level, suffix, op, name, kernel, exactness) \
  add<Isa::level, kernel, exactness>(rows, "cpu." name suffix, OpKind::op);
#define THAW_ROWS_GENERIC(op, name, kernel, exactness) \
  THAW_ROW(kGeneric, ".generic", op, name, kernel, exactness)
#define THAW_ROWS_BASE(op, name, kernel, exactness)         \
  THAW_ROW(kAvx512, ".avx512", op, name, kernel, exactness) \
  THAW_ROW(kAvx2, ".avx2", op, name, kernel, exactness)     \
  THAW_ROW(kNeon, ".neon", op, name, kernel, exactness)     \
  THAW_ROW(kGeneric, ".generic", op, name, kernel, exactness)
#define THAW_ROWS_AMX(op, name, kernel, exactness) \
  THAW_ROW(kAmx, ".amx", op, name, kernel, exactness)
#define THAW_ROWS_DEPTHWISE(op, name, kernel, exactness)             \
  THAW_ROW(kAmx, ".amx", op, name, kernel, exactness)                \
  THAW_ROW(kAvx512Bf16, ".avx512_bf16", op, name, kernel, exactness) \
  THAW_ROW(kAvx512Vnni, ".avx512_vnni", op, name, kernel, exactness) \
  THAW_ROW(kNeonI8mm, ".neon_i8mm", op, name, kernel, exactness)
#define THAW_DOT_ROW(level, suffix, op, name, kernel, exactness) \
  add_dot<Isa::level, kernel, exactness>(rows, "cpu." name suffix, OpKind::op);
#define THAW_ROWS_DOT(op, name, kernel, exactness)                       \
  THAW_DOT_ROW(kAmx, ".amx", op, name, kernel, exactness)                \
  THAW_DOT_ROW(kAvx512Bf16, ".avx512_bf16", op, name, kernel, exactness) \
  THAW_DOT_ROW(kAvx512Vnni, ".avx512_vnni", op, name, kernel, exactness) \
  THAW_DOT_ROW(kNeonI8mm, ".neon_i8mm", op, name, kernel, exactness)     \
  THAW_DOT_ROW(kNeonDot, ".neon_dot", op, name, kernel, exactness)       \
  THAW_DOT_ROW(kNeonFp16, ".neon_fp16", op, name, kernel, exactness)
// Named after the vectors of a panel.
#define THAW_PANELS_ROW(level, suffix, op, name, kernel, exactness) \
  add_panels<Isa::level, kernel, exactness>(rows, "cpu." name suffix, OpKind::op);
#define THAW_ROWS_PANELS(op, name, kernel, exactness)                 \
  THAW_PANELS_ROW(kAvx512, ".w2.avx512", op, name, kernel, exactness) \
  THAW_PANELS_ROW(kAvx2, ".w3.avx2", op, name, kernel, exactness)     \
  THAW_PANELS_ROW(kNeon, ".w2.neon", op, name, kernel, exactness)

Rows all_rows() {
  Rows rows;
#define THAW_LOOPS(built, loops, slot, first, last, needs, exactness)
#define THAW_KERNELS(op, name, kernel, levels, exactness) \
  THAW_ROWS_##levels(op, name, kernel, exactness)
#include "kernels/cpu/kernels.inc"
  return rows;
}

}  // namespace

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
  static const std::vector<KernelRow> rows = cpu::all_rows();
  return {rows.data(), rows.size()};
}

}  // namespace thaw
