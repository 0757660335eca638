// Convolution over NHWC activations as a matrix product that reads its rows where they lie: no
// im2col buffer, but pointers to the taps of a block of output pixels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/cpu/gemm/gemm.h"

namespace thaw::cpu {

// Extents and steps of a windowed op; pads reach past the picture at the top and left, what lies
// past the bottom and right follows from the output's extents.
struct WindowShape {
  int64_t batch = 1;
  int64_t in_h = 1;
  int64_t in_w = 1;
  int64_t in_c = 1;
  int64_t out_h = 1;
  int64_t out_w = 1;
  int64_t out_c = 1;
  int64_t kernel_h = 1;
  int64_t kernel_w = 1;
  int64_t stride_h = 1;
  int64_t stride_w = 1;
  int64_t dilation_h = 1;
  int64_t dilation_w = 1;
  int64_t pad_top = 0;
  int64_t pad_left = 0;
};

// Where the results go: float32 clamped as they are, or, with `epilogue`, what `channels` makes of
// the sums (to which the filters' bias then shouldn't be added).
struct ConvResult {
  void* y;  // [batch, out_h, out_w, out_c]
  Clamp clamp;
  void (*epilogue)(const EpilogueJob& job) = nullptr;
  Epilogue channels{};
};

// Scratch that one thread needs; `rounded` with ConvResult::epilogue.
size_t conv2d_scratch_bytes(const GemmKernels& kernels, const WindowShape& shape, int64_t groups,
                            bool rounded = false);

// result = x * filter + bias. `filters` holds one matrix for each of
// the groups: k = kernel_h * kernel_w * in_c / groups in the order of an HWIO filter, n = out_c /
// groups. `scratch` has pool.threads() times conv2d_scratch_bytes, aligned to 64. All extents are
// at least 1.
void conv2d(const WindowShape& shape, const PackedMatrix* filters, int64_t groups, const float* x,
            const ConvResult& result, ThreadPool& pool, void* scratch);

}  // namespace thaw::cpu
