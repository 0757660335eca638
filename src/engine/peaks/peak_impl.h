// Peak loops over Vec: included by peak_<isa>.cc after its vec_<isa>.h, into namespace THAW_ISA.
#pragma once

#include "engine/peaks/peak.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::THAW_ISA {

// The compiler must take what lies in memory behind `p` for used.
inline void keep(const void* p) { asm volatile("" ::"r"(p) : "memory"); }

// As many independent sums as hide the latency. Each has a start of its own, lest they be merged,
// above 2, where x / 2 + 1 stays x and could be left out.
template <int kChains>
void multiply_add(int64_t turns) {
  const Vec factor = Vec::set(0.5F);
  const Vec term = Vec::set(1);
  Vec sums[kChains];
  THAW_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i] = Vec::set(static_cast<float>(i + 3));
  for (int64_t t = 0; t < turns; ++t) {
    THAW_UNROLL
    for (int i = 0; i < kChains; ++i) sums[i] = fma(sums[i], factor, term);
  }
  float out[kChains][Vec::kWidth];
  THAW_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i].store(out[i]);
  keep(out);
}

inline void read_memory(const char* from, int64_t bytes) {
  constexpr int kChains = 8;
  constexpr int64_t kFloats = kChains * Vec::kWidth;
  const auto* p = reinterpret_cast<const float*>(from);
  const float* end = p + bytes / static_cast<int64_t>(sizeof(float));
  Vec sums[kChains];
  THAW_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i] = Vec::zero();
  for (; p != end; p += kFloats) {
    THAW_UNROLL
    for (int i = 0; i < kChains; ++i) sums[i] = sums[i] + Vec::load(p + i * Vec::kWidth);
  }
  float out[kChains][Vec::kWidth];
  THAW_UNROLL
  for (int i = 0; i < kChains; ++i) sums[i].store(out[i]);
  keep(out);
}

inline void copy_memory(const char* from, char* to, int64_t bytes) {
  constexpr int kVectors = 4;
  constexpr int64_t kFloats = kVectors * Vec::kWidth;
  const auto* p = reinterpret_cast<const float*>(from);
  auto* q = reinterpret_cast<float*>(to);
  const float* end = p + bytes / static_cast<int64_t>(sizeof(float));
  for (; p != end; p += kFloats, q += kFloats) {
    Vec held[kVectors];
    THAW_UNROLL
    for (int i = 0; i < kVectors; ++i) held[i] = Vec::load(p + i * Vec::kWidth);
    THAW_UNROLL
    for (int i = 0; i < kVectors; ++i) held[i].store(q + i * Vec::kWidth);
  }
  keep(to);
}

}  // namespace thaw::cpu::THAW_ISA
