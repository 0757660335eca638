// What ActivationTypes (ops/nn.h) asks of a layer, in the form that the inner loops take.
#pragma once

#include <string>
#include <vector>

#include "kernels/cpu/kernel_set.h"
#include "kernels/kernel.h"
#include "ops/nn.h"

namespace thaw::cpu {

// The types and scales at both ends of a layer. `zero`s and scales count with uint8 alone.
struct LayerTypes {
  Element x = Element::kFloat32;
  float in_scale = 1;
  int in_zero = 0;
  Element result = Element::kFloat32;
  float out_scale = 1;
  int out_zero = 0;
  Activation activation = Activation::kNone;
  bool float16_accumulation = false;  // of a depthwise layer, as DepthwiseConv2D has it
};

// Empty when x (input 0) and the result have types that there are kernels for and inputs
// 1 .. count - 1 are float32 constants, filters of four dimensions where `filters` says so.
std::string refuse_activations(const OpDesc& desc, const ActivationTypes& op,
                               const std::vector<bool>& filters);

Element element_of(DType dtype);  // kUInt8 and below
DType dtype_of(Element element);
// The elements of a constant; null when there is no such input.
const float* constant_floats(const OpDesc& desc, size_t input);
LayerTypes layer_types(const ActivationTypes& op, Activation activation, DType x);

// A filter as x's type asks for it: rounded, or whole numbers times a scale for each channel. The
// last `channels` elements lie together.
struct RoundedFilter {
  std::vector<float> values;
  std::vector<float> scales;
};
RoundedFilter rounded_filter(const float* filter, int64_t count, int64_t channels, Element x);

// Epilogue with its arrays, padded with zeros to whole vectors of 16, in memory of the caller's.
class ChannelEpilogue {
 public:
  static size_t bytes(int64_t channels);
  // Writes bytes(channels); bias may be null.
  static void fill(const LayerTypes& types, const std::vector<float>& filter_scales,
                   const float* bias, void* memory);

  ChannelEpilogue() = default;
  ChannelEpilogue(const LayerTypes& types, int64_t channels, const void* filled);
  // From channel c on.
  Epilogue at(int64_t c) const;

 private:
  const float* scale_ = nullptr;
  const float* bias_ = nullptr;
  Clamp clamp_;
  int zero_ = 0;
  Element result_ = Element::kFloat32;
};

// For products of k floats with a result of few bits.
const GemmKernels& rounded_gemm(const KernelSet& set, int64_t k);

// Bounds of a uint8 result before `zero` is added, within the activation's.
Clamp level_clamp(Clamp clamp, float scale, int zero);

}  // namespace thaw::cpu
