#include "kernels/cpu/gemm/other_panels.h"

namespace thaw::cpu {
namespace {

// One vector keeps few sums in flight, and four leave no room for the one that may be left over.
template <Isa isa>
const KernelSet* with_panels(int vectors) {
  static const KernelSet set = [vectors] {
    KernelSet changed = *kernel_set(isa);
    changed.gemm.panel_vectors = vectors;
    return changed;
  }();
  return &set;
}

}  // namespace

const KernelSet* other_panels(Isa isa) {
  if (kernel_set(isa) == nullptr) return nullptr;
  if (isa == Isa::kAvx512) return with_panels<Isa::kAvx512>(2);
  if (isa == Isa::kAvx2) return with_panels<Isa::kAvx2>(3);
  if (isa == Isa::kNeon) return with_panels<Isa::kNeon>(2);
  return nullptr;
}

}  // namespace thaw::cpu
