// Times kernels against each other on one layer.
#pragma once

#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "engine/tune.h"
#include "kernels/kernel.h"

namespace thaw {

// The rows' times on 1 .. pool.threads() threads, the one to take first: the fastest, or the first
// row on all threads where nothing is clearly faster. Shapes of `desc` are static; inputs that are
// not constant are made up. Rows that fail on them, or whose weights would fill the memory beside
// the others', come last and with 0 threads.
std::vector<KernelTiming> race(const std::vector<const KernelEntry*>& rows, const OpDesc& desc,
                               ThreadPool& pool, const TuneOptions& options);

// Sorts, the fastest first; but the first stays where it is unless another is clearly faster.
void rank(std::vector<KernelTiming>& timings);

}  // namespace thaw
