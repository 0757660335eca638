// Lays buffers out in one arena so that those alive at the same time don't overlap.
#pragma once

#include <cstddef>
#include <vector>

namespace thaw {

// A buffer of so many bytes that is written at step `first` and read last at step `last`.
struct Lifetime {
  size_t bytes = 0;
  size_t first = 0;
  size_t last = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // multiples of 64, one for each lifetime
  size_t bytes = 0;
};

// Greedy by size: the largest buffer first, each into the smallest gap that fits it (Pisarchyk and
// Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). That takes time by the
// square of their number: past some thousands the smaller ones lie behind the others, laid out in
// the order of time. Throws ResourceError when that is more than 64 bits can count.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

}  // namespace thaw
