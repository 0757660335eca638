// Loops of nothing but arithmetic in registers, and passes over memory: what this processor can do
// at best, by which kernels are measured (thaw/peaks.h).
#pragma once

#include <cstdint>
#include <vector>

#include "thaw/tensor.h"

namespace thaw::cpu {

struct PeakLoop {
  DType numbers;             // what is multiplied; kInt8 for bytes, signed or not
  const char* instructions;  // "FMA, 256 bits"
  int64_t macs;              // multiply-accumulates of one turn
  void (*run)(int64_t turns);
};

// On one thread over `bytes`, a multiple of kMemoryStep, aligned to 64.
struct MemoryLoops {
  void (*read)(const char* from, int64_t bytes);
  void (*copy)(const char* from, char* to, int64_t bytes);
};
constexpr int64_t kMemoryStep = 512;

// Those of all levels that may run here, lowest level first.
std::vector<PeakLoop> peak_loops();
// The best level's.
const MemoryLoops& memory_loops();

}  // namespace thaw::cpu
