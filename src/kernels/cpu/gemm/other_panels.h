// Rows whose float32 products work on panels of another width, for a tuner to try: which width is
// the fastest depends on the layer's columns and the caches.
#pragma once

#include "kernels/cpu/entries.h"

namespace thaw::cpu {

// The level's kernels with another width of panels; null for a level that has none.
const KernelSet* other_panels(Isa isa);

template <Isa isa, class K>
void add_panel_entry(Entries& entries, const char* name, OpKind op) {
  if (kernel_set(isa) == nullptr) return;
  add_entry<isa, K>(entries, name, op);
  entries.back().create = [](const OpDesc& desc) -> std::unique_ptr<OpKernel> {
    return std::make_unique<K>(desc, *other_panels(isa));
  };
}

// Named after the vectors of a panel. They come after THAW_CPU_ENTRIES, whose rows are taken where
// nothing is tuned.
#define THAW_CPU_PANEL_ENTRIES(entries, K, op, name)                                      \
  do {                                                                                    \
    ::thaw::cpu::add_panel_entry<Isa::kAvx512, K>(entries, "cpu." name ".w2.avx512", op); \
    ::thaw::cpu::add_panel_entry<Isa::kAvx2, K>(entries, "cpu." name ".w3.avx2", op);     \
    ::thaw::cpu::add_panel_entry<Isa::kNeon, K>(entries, "cpu." name ".w2.neon", op);     \
  } while (false)

}  // namespace thaw::cpu
