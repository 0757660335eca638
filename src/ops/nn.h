// Neural network layers. Activations are NHWC, filters HWIO.
#pragma once

#include <array>

#include "ops/elementwise.h"
#include "ops/field.h"
#include "ops/image.h"

namespace thaw {

enum class Padding : uint8_t { kSame, kValid, kExplicit };
THAW_ENUM_NAMES(Padding, "SAME", "VALID", "EXPLICIT")

// Where a window moves: {height, width} each; pads {top, bottom, left, right} count with kExplicit.
// SAME puts the odd row and column at the bottom and right, as TF does.
struct Window {
  std::array<int64_t, 2> strides{1, 1};
  std::array<int64_t, 2> dilations{1, 1};
  Padding padding = Padding::kValid;
  std::array<int64_t, 4> pads{0, 0, 0, 0};
};

// How many windows of `span` elements, one every `stride`, lie in `extent` elements, paddings
// included. As TensorFlow counts, which divides towards 0: one that is too large may be none, or
// negative, an error, when it is larger by two strides or more.
inline int64_t count_windows(int64_t extent, int64_t span, int64_t stride) {
  return (extent - span + stride) / stride;
}

// In how few bits a layer takes and gives its activations. Filters and biases are float32 constants
// whatever they are; the kernel brings the filter to the form that the input's type asks for:
// - x float32: as it is, unless there is nothing to be said here (`result` invalid): then x,
//   filter, bias and result are of one floating type.
// - x float16 or bfloat16: the filter is rounded to that type (to nearest, ties to even), but not a
//   depthwise one; products are summed in float32, of float16 eight first in float16 where no wider
//   product-sum is there.
// - x uint8: its real value is in_scale * (q - in_zero). The filter becomes int8, symmetric, with a
//   scale of max |w| / 127 for each output channel (1 when all are 0), to nearest, ties to even;
//   products are summed in int32.
// To the sum's real value the bias is added in float32, then comes the activation, then rounding to
// the type of the result (to nearest, ties to even). A uint8 result is round(real / out_scale) +
// out_zero, kept in 0..255; NaN becomes 0.
struct ActivationTypes {
  DType result = DType::kInvalid;  // float32, float16, bfloat16 or uint8; invalid: x's type
  float in_scale = 0;              // of a uint8 x
  int64_t in_zero = 0;
  float out_scale = 0;  // of a uint8 result
  int64_t out_zero = 0;
};

// (x [n,h,w,ci], filter [kh,kw,ci/groups,co], bias [co]?) -> activation(conv + bias) [n,oh,ow,co].
// The bias is optional. Groups follow from the shapes.
struct Conv2D : Window, ActivationTypes {
  static constexpr const char* kName = "Conv2D";
  Activation activation = Activation::kNone;
  template <class F>
  static void fields(F&& f) {
    f("strides", &Conv2D::strides);
    f("dilations", &Conv2D::dilations);
    f("padding", &Conv2D::padding);
    f("pads", &Conv2D::pads);
    f("activation", &Conv2D::activation);
    f("result", &Conv2D::result);
    f("in_scale", &Conv2D::in_scale);
    f("in_zero", &Conv2D::in_zero);
    f("out_scale", &Conv2D::out_scale);
    f("out_zero", &Conv2D::out_zero);
  }
};

// (x [n,h,w,c], filter [kh,kw,c,m], bias [c*m]?) -> [n,oh,ow,c*m]; output channel c*m + j is input
// channel c with filter j. TF: DepthwiseConv2dNative.
struct DepthwiseConv2D : Window, ActivationTypes {
  static constexpr const char* kName = "DepthwiseConv2D";
  Activation activation = Activation::kNone;
  // x is float16 and no sum leaves its range: kernels may compute in it from end to end, make a NaN
  // one of the activation's bounds, and round what lies midway between two bfloat16 up.
  bool float16_accumulation = false;
  template <class F>
  static void fields(F&& f) {
    f("strides", &DepthwiseConv2D::strides);
    f("dilations", &DepthwiseConv2D::dilations);
    f("padding", &DepthwiseConv2D::padding);
    f("pads", &DepthwiseConv2D::pads);
    f("activation", &DepthwiseConv2D::activation);
    f("float16_accumulation", &DepthwiseConv2D::float16_accumulation);
    f("result", &DepthwiseConv2D::result);
    f("in_scale", &DepthwiseConv2D::in_scale);
    f("in_zero", &DepthwiseConv2D::in_zero);
    f("out_scale", &DepthwiseConv2D::out_scale);
    f("out_zero", &DepthwiseConv2D::out_zero);
  }
};

// A depthwise convolution and the pointwise one that follows, as one layer whose intermediate need
// not be written anywhere: (x [n,h,w,c], depthwise filter [kh,kw,c,1], depthwise bias [c],
// pointwise filter [1,1,c,co], bias [co]) -> [n,oh,ow,co]. The window is the depthwise one's. The
// intermediate is rounded as a result of its type; of uint8 it is mid_scale * (q - mid_zero).
struct SeparableConv2D : Window, ActivationTypes {
  static constexpr const char* kName = "SeparableConv2D";
  DType mid = DType::kInvalid;  // the intermediate's type; invalid: x's
  Activation mid_activation = Activation::kNone;
  bool float16_accumulation = false;  // of the depthwise half
  float mid_scale = 0;
  int64_t mid_zero = 0;
  Activation activation = Activation::kNone;
  template <class F>
  static void fields(F&& f) {
    f("strides", &SeparableConv2D::strides);
    f("dilations", &SeparableConv2D::dilations);
    f("padding", &SeparableConv2D::padding);
    f("pads", &SeparableConv2D::pads);
    f("mid", &SeparableConv2D::mid);
    f("mid_activation", &SeparableConv2D::mid_activation);
    f("float16_accumulation", &SeparableConv2D::float16_accumulation);
    f("mid_scale", &SeparableConv2D::mid_scale);
    f("mid_zero", &SeparableConv2D::mid_zero);
    f("activation", &SeparableConv2D::activation);
    f("result", &SeparableConv2D::result);
    f("in_scale", &SeparableConv2D::in_scale);
    f("in_zero", &SeparableConv2D::in_zero);
    f("out_scale", &SeparableConv2D::out_scale);
    f("out_zero", &SeparableConv2D::out_zero);
  }
};

inline DType mid_type(const SeparableConv2D& op, DType x) {
  return op.mid == DType::kInvalid ? x : op.mid;
}

// Convolutions of one input that differ in their filters alone, as one layer: (x [n,h,w,c], filter
// [kh,kw,c,co], bias [co], and again filter and bias for each further one) -> for each what Conv2D
// gives.
struct ConvHeads : Window, ActivationTypes {
  static constexpr const char* kName = "ConvHeads";
  Activation activation = Activation::kNone;
  template <class F>
  static void fields(F&& f) {
    f("strides", &ConvHeads::strides);
    f("dilations", &ConvHeads::dilations);
    f("padding", &ConvHeads::padding);
    f("pads", &ConvHeads::pads);
    f("activation", &ConvHeads::activation);
    f("result", &ConvHeads::result);
    f("in_scale", &ConvHeads::in_scale);
    f("in_zero", &ConvHeads::in_zero);
    f("out_scale", &ConvHeads::out_scale);
    f("out_zero", &ConvHeads::out_zero);
  }
};

// A detector's preprocessing and its first layer: Conv2D(ResizeAffine(x), filter [kh,kw,c,co], bias
// [co]), whose resized picture need not be written anywhere. The layer's input is float32.
struct ResizeConv2D : ResizeAffine, Window, ActivationTypes {
  static constexpr const char* kName = "ResizeConv2D";
  Activation activation = Activation::kNone;
  template <class F>
  static void fields(F&& f) {
    ResizeAffine::fields(f);
    f("strides", &ResizeConv2D::strides);
    f("dilations", &ResizeConv2D::dilations);
    f("padding", &ResizeConv2D::padding);
    f("pads", &ResizeConv2D::pads);
    f("activation", &ResizeConv2D::activation);
    f("result", &ResizeConv2D::result);
    f("out_scale", &ResizeConv2D::out_scale);
    f("out_zero", &ResizeConv2D::out_zero);
  }
};

// (x [n,h,w,c], scale [c], offset [c], mean [c], variance [c]) ->
// (x - mean) * scale / sqrt(variance + epsilon) + offset. With training true mean and variance are
// the batch's own. TF: FusedBatchNorm and later versions, first output.
struct BatchNorm {
  static constexpr const char* kName = "BatchNorm";
  float epsilon = 1e-4F;
  bool training = false;
  template <class F>
  static void fields(F&& f) {
    f("epsilon", &BatchNorm::epsilon);
    f("training", &BatchNorm::training);
  }
};

// (a [...,m,k], b [...,k,n], bias [n]?) -> activation(a b + bias) [...,m,n]; the leading dimensions
// broadcast. transpose_x swaps the last two of x first (conjugation does not arise).
struct MatMul {
  static constexpr const char* kName = "MatMul";
  bool transpose_a = false;
  bool transpose_b = false;
  Activation activation = Activation::kNone;
  template <class F>
  static void fields(F&& f) {
    f("transpose_a", &MatMul::transpose_a);
    f("transpose_b", &MatMul::transpose_b);
    f("activation", &MatMul::activation);
  }
};

enum class PoolKind : uint8_t { kMax, kAverage };
THAW_ENUM_NAMES(PoolKind, "Max", "Average")

// (x [n,h,w,c]) -> [n,oh,ow,c]. Padding does not count in the average. Dilations are 1.
struct Pool : Window {
  static constexpr const char* kName = "Pool";
  PoolKind kind = PoolKind::kMax;
  std::array<int64_t, 2> window{1, 1};
  template <class F>
  static void fields(F&& f) {
    f("kind", &Pool::kind);
    f("window", &Pool::window);
    f("strides", &Pool::strides);
    f("padding", &Pool::padding);
    f("pads", &Pool::pads);
  }
};

// (x) -> softmax over the last dimension, or its logarithm.
struct Softmax {
  static constexpr const char* kName = "Softmax";
  bool log = false;
  template <class F>
  static void fields(F&& f) {
    f("log", &Softmax::log);
  }
};

// (x [n,h,w,c]) -> x / (bias + alpha * sum of squares over 2*depth_radius+1 channels)^beta. TF:
// LRN.
struct LocalResponseNorm {
  static constexpr const char* kName = "LocalResponseNorm";
  int64_t depth_radius = 5;
  float bias = 1;
  float alpha = 1;
  float beta = 0.5F;
  template <class F>
  static void fields(F&& f) {
    f("depth_radius", &LocalResponseNorm::depth_radius);
    f("bias", &LocalResponseNorm::bias);
    f("alpha", &LocalResponseNorm::alpha);
    f("beta", &LocalResponseNorm::beta);
  }
};

}  // namespace thaw
