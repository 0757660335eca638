// Extents of windowed ops for the fast kernels.
#pragma once

#include <optional>

#include "kernels/cpu/conv/conv.h"
#include "ops/nn.h"
#include "thaw/tensor.h"

namespace thaw::cpu {

// The shape of a window of kernel_h x kernel_w over x [n,h,w,c] that makes out_c channels. Throws
// InputError naming `op` when they don't go together.
WindowShape window_shape(const char* op, const Window& window, const Tensor& x, int64_t kernel_h,
                         int64_t kernel_w, int64_t out_c);
// The same for an x of which only the shape is known yet: none where that is open, or nothing is to
// be computed.
std::optional<WindowShape> planned_window(const char* op, const Window& window, const Shape& x,
                                          int64_t kernel_h, int64_t kernel_w, int64_t out_c);

inline Shape output_shape(const WindowShape& s) { return {s.batch, s.out_h, s.out_w, s.out_c}; }

}  // namespace thaw::cpu
