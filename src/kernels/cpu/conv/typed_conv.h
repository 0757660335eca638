// Convolution over activations of any type: a product over rows that lie in x (1x1, stride 1) or
// are gathered, a block of output pixels at a time.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/conv/conv.h"
#include "kernels/cpu/dot/typed_matrix.h"

namespace thaw::cpu {

struct TypedConv {
  WindowShape shape;
  Element x_type;
  int in_zero;  // what stands outside the picture
  Element y_type;
  const TypedMatrix* filters;  // one for each group or head
  int64_t groups;
  // Convolutions of the same x, each with a result of its own; with more than one, groups is 1 and
  // the shape's out_c is that of all.
  int64_t heads = 1;
};

// Scratch that one thread needs.
size_t typed_conv_scratch_bytes(const TypedConv& conv);

// y [batch, out_h, out_w, out_c], one for each head, from x. `scratch` has pool.threads() times
// typed_conv_scratch_bytes, aligned to 64. All extents are at least 1.
void typed_conv(const TypedConv& conv, const void* x, void* const* y, ThreadPool& pool,
                void* scratch);

}  // namespace thaw::cpu
