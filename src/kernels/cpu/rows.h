// How the CPU's kernels become rows of its table, of which kernels.inc has the list.
//
// A kernel class K has `static std::string can_run(const OpDesc&)` and a constructor
// K(const OpDesc&, const KernelSet&); what its can_run refuses runs on the reference.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/kernel_set.h"
#include "kernels/kernel.h"
#include "ops/elementwise.h"

namespace thaw::cpu {

struct KernelClass {
  std::string (*can_run)(const OpDesc& desc);
  std::unique_ptr<OpKernel> (*create)(const OpDesc& desc, const KernelSet& set);
};

template <class K>
constexpr KernelClass kernel_class() {
  return {K::can_run, [](const OpDesc& desc, const KernelSet& set) -> std::unique_ptr<OpKernel> {
            return std::make_unique<K>(desc, set);
          }};
}

// The tables' kernels; the file of each defines it by kernel_class.
#define THAW_LOOPS(built, loops, slot, first, last, needs, exactness)
#define THAW_KERNELS(op, name, kernel, levels, exactness) extern const KernelClass kernel;
#include "kernels/cpu/kernels.inc"

// What can_run's share.
std::string refuse_dtype(const OpDesc& desc);        // inputs must be float32
bool is_constant(const OpDesc& desc, size_t input);  // present and the same in every run
Clamp clamp_of(Activation activation);

}  // namespace thaw::cpu
