#include "kernels/cpu/kernel_set.h"

#include <array>
#include <type_traits>

namespace thaw::cpu {
namespace {

// What a member of KernelSet holds or points to.
template <class Slot>
using LoopsOf = std::remove_const_t<std::remove_pointer_t<Slot>>;

}  // namespace

#define THAW_LOOPS(built, loops, slot, first, last, needs, exactness) \
  namespace built {                                                   \
  extern const LoopsOf<decltype(KernelSet::slot)> loops;              \
  }
#define THAW_KERNELS(op, name, kernel, levels, exactness)
#include "kernels/cpu/kernels.inc"

namespace {

template <class Loops>
void put(Loops& slot, const Loops& loops) {
  slot = loops;
}
template <class Loops>
void put(const Loops*& slot, const Loops& loops) {
  slot = &loops;
}

KernelSet make_set(Isa isa) {
  KernelSet set{};
  set.isa = isa;
#define THAW_LOOPS(built, loops, slot, first, last, needs, exactness) \
  if (Isa::first <= isa && isa <= Isa::last && (needs)) put(set.slot, built::loops);
#define THAW_KERNELS(op, name, kernel, levels, exactness)
#include "kernels/cpu/kernels.inc"
  return set;
}

}  // namespace

const KernelSet* kernel_set(Isa isa) {
  static const auto sets = [] {
    std::array<KernelSet, kIsaCount> all{};
    for (size_t i = 0; i < all.size(); ++i) all[i] = make_set(static_cast<Isa>(i));
    return all;
  }();
  const KernelSet& set = sets[static_cast<size_t>(isa)];
  return set.gemm.panel == nullptr ? nullptr : &set;
}

Exactness exactness_of(const void* loops) {
#define THAW_LOOPS(built, loops_of_row, slot, first, last, needs, exactness) \
  if (loops == &built::loops_of_row) return exactness;
#define THAW_KERNELS(op, name, kernel, levels, exactness)
#include "kernels/cpu/kernels.inc"
  return kSameNumbers;
}

const DotKernels* KernelSet::dot(Element x) const {
  switch (x) {
    case Element::kFloat32:
      return dot_float32;
    case Element::kFloat16:
      return dot_float16;
    case Element::kBFloat16:
      return dot_bfloat16;
    case Element::kUInt8:
      return dot_uint8;
  }
  return nullptr;
}

}  // namespace thaw::cpu
