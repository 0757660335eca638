// A depthwise and the pointwise convolution behind it, block of output rows by block, so that what
// lies between them never leaves the cache.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/depthwise/depthwise.h"
#include "kernels/cpu/dot/typed_matrix.h"

namespace thaw::cpu {

struct Separable {
  WindowShape shape;  // of the depthwise part
  const DepthwiseLayer& depthwise;
  const TypedMatrix& pointwise;
};

// Output rows that are computed at a time on so many threads.
int64_t separable_block_rows(const Separable& layer, int threads);

// Scratch that one thread needs.
size_t separable_scratch_bytes(const Separable& layer, int threads);

// y [batch, out_h, out_w, pointwise.n()]. scratch has pool.threads() times
// separable_scratch_bytes, aligned to 64. All extents are at least 1.
void separable(const Separable& layer, const void* x, void* y, ThreadPool& pool, void* scratch);

// The depthwise part of all rows first, then the pointwise part of all pixels: what lies between
// them goes through memory, but each half is split as suits it.
void split_separable(const Separable& layer, const void* x, void* y, ThreadPool& pool,
                     void* scratch);
// Scratch of all threads together.
size_t split_separable_scratch_bytes(const Separable& layer, int threads);

}  // namespace thaw::cpu
