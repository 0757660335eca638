// Depthwise convolution over NHWC activations of any type.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/cpu/conv/conv.h"
#include "kernels/cpu/layer_types.h"
#include "thaw/tensor.h"

namespace thaw::cpu {

// The layer's constants, made ready. Of a filter [h][w][in_c][multiplier] as it lies in memory
// there are h * w taps.
class DepthwiseLayer {
 public:
  DepthwiseLayer() = default;
  // From inputs of the op; the bias may be missing.
  DepthwiseLayer(const OpDesc& desc, const KernelSet& set, const LayerTypes& types, size_t filter,
                 size_t bias);

  // Scratch that one thread needs.
  size_t scratch_bytes(const WindowShape& shape) const;
  // Where results go, of their type: [rows][out_w], `pitch` elements from one pixel to the next
  // (with float32 throughout it is out_c).
  struct Target {
    void* y;
    int64_t pitch;
  };
  // Output rows [first, last) of an image. out_c is a multiple of in_c; all extents are at least
  // 1. scratch is aligned to 64.
  void run_rows(const WindowShape& shape, const void* image, int64_t first, int64_t last,
                const Target& target, void* scratch) const;
  // All of y; scratch has pool.threads() times scratch_bytes.
  void run(const WindowShape& shape, const void* x, void* y, ThreadPool& pool, void* scratch) const;

  const LayerTypes& types() const { return types_; }
  size_t bytes() const { return packed_.num_bytes(); }

 private:
  bool in_float32() const {
    return types_.x == Element::kFloat32 && types_.result == Element::kFloat32;
  }
  bool runs_dot(const WindowShape& shape) const;
  // One output row on dot products; edge is scratch for a window of pixels.
  void run_dot_row(const WindowShape& shape, const DotDepthwiseRun& job, char* edge) const;
  void run_dot_rows(const WindowShape& shape, const void* image, int64_t first, int64_t last,
                    const Target& target, char* scratch) const;
  WindowShape slice_of(const WindowShape& shape) const;
  void run_slice(const WindowShape& shape, const WindowShape& slice, int64_t channel,
                 const void* image, int64_t first, int64_t last, const Target& target,
                 char* scratch) const;

  const KernelSet* set_ = nullptr;
  LayerTypes types_;
  Tensor packed_;  // the filter, Epilogue's arrays, a bias for float32 throughout
  const float* filter_ = nullptr;
  const float* bias_ = nullptr;  // zeros with other types
  ChannelEpilogue epilogue_;
  const DotDepthwise* dot_ = nullptr;  // null: there is none for the types or the filter
  const void* dot_blocks_ = nullptr;
};

}  // namespace thaw::cpu
