// How the CPU's kernels become rows of its table: one for each instruction set, best first.
//
// A kernel class K has `static std::string can_run(const OpDesc&)` and a constructor
// K(const OpDesc&, const KernelSet&); what its can_run refuses runs on the reference.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cpu/kernel_set.h"
#include "kernels/kernel.h"
#include "ops/elementwise.h"

namespace thaw::cpu {

using Entries = std::vector<KernelEntry>;

// Empty when the kernel runs on this processor, otherwise why not.
std::string isa_refusal(Isa isa);
// Empty when the set has dot products for input 0, otherwise why not.
std::string refuse_dot(const KernelSet& set, const OpDesc& desc);

template <Isa isa, class K>
void add_entry(Entries& entries, const char* name, OpKind op) {
  if (kernel_set(isa) == nullptr) return;
  KernelEntry entry;
  entry.name = name;
  entry.op = op;
  entry.can_run = [](const OpDesc& desc) {
    std::string why = isa_refusal(isa);
    return why.empty() ? K::can_run(desc) : why;
  };
  entry.create = [](const OpDesc& desc) -> std::unique_ptr<OpKernel> {
    return std::make_unique<K>(desc, *kernel_set(isa));
  };
  entries.push_back(entry);
}

// name is a literal such as "conv2d".
#define THAW_CPU_ENTRIES(entries, K, op, name)                                     \
  do {                                                                             \
    ::thaw::cpu::add_entry<Isa::kAvx512, K>(entries, "cpu." name ".avx512", op);   \
    ::thaw::cpu::add_entry<Isa::kAvx2, K>(entries, "cpu." name ".avx2", op);       \
    ::thaw::cpu::add_entry<Isa::kNeon, K>(entries, "cpu." name ".neon", op);       \
    ::thaw::cpu::add_entry<Isa::kGeneric, K>(entries, "cpu." name ".generic", op); \
  } while (false)

// The same for a level that has dot products of activations as narrow as input 0.
template <Isa isa, class K>
void add_dot_entry(Entries& entries, const char* name, OpKind op) {
  if (kernel_set(isa) == nullptr) return;
  add_entry<isa, K>(entries, name, op);
  entries.back().can_run = [](const OpDesc& desc) {
    std::string why = isa_refusal(isa);
    if (why.empty()) why = refuse_dot(*kernel_set(isa), desc);
    return why.empty() ? K::can_run(desc) : why;
  };
}

#define THAW_CPU_DOT_ENTRIES(entries, K, op, name)                                            \
  do {                                                                                        \
    ::thaw::cpu::add_dot_entry<Isa::kAmx, K>(entries, "cpu." name ".amx", op);                \
    ::thaw::cpu::add_dot_entry<Isa::kAvx512Bf16, K>(entries, "cpu." name ".avx512_bf16", op); \
    ::thaw::cpu::add_dot_entry<Isa::kAvx512Vnni, K>(entries, "cpu." name ".avx512_vnni", op); \
    ::thaw::cpu::add_dot_entry<Isa::kNeonI8mm, K>(entries, "cpu." name ".neon_i8mm", op);     \
    ::thaw::cpu::add_dot_entry<Isa::kNeonDot, K>(entries, "cpu." name ".neon_dot", op);       \
    ::thaw::cpu::add_dot_entry<Isa::kNeonFp16, K>(entries, "cpu." name ".neon_fp16", op);     \
  } while (false)

void add_box_decode_entries(Entries& entries);
void add_concat_entries(Entries& entries);
void add_conv_entries(Entries& entries);
void add_conv_heads_entries(Entries& entries);
void add_crop_entries(Entries& entries);
void add_depthwise_entries(Entries& entries);
void add_convert_entries(Entries& entries);
void add_matmul_entries(Entries& entries);
void add_typed_conv_entries(Entries& entries);
void add_separable_entries(Entries& entries);
void add_multi_class_nms_entries(Entries& entries);
void add_unary_entries(Entries& entries);
void add_binary_entries(Entries& entries);
void add_layer_entries(Entries& entries);
void add_resize_conv_entries(Entries& entries);
void add_resize_entries(Entries& entries);

// What can_run's share.
std::string refuse_dtype(const OpDesc& desc);        // inputs must be float32
bool is_constant(const OpDesc& desc, size_t input);  // present and the same in every run
Clamp clamp_of(Activation activation);

}  // namespace thaw::cpu
