// Where a window of a convolution or a pooling lies along one axis.
#pragma once

#include <algorithm>

#include "kernels/ref/ref.h"

namespace thaw::ref {

struct WindowAxis {
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t before;  // padding above or to the left
  int64_t input;
  int64_t output;

  // Input position of tap k of output o; outside [0, input) it is padding.
  int64_t at(int64_t o, int64_t k) const { return o * stride - before + k * dilation; }
  bool inside(int64_t position) const { return position >= 0 && position < input; }
};

// axis: 0 height, 1 width.
WindowAxis window_axis(const char* op, const Window& window, int axis, int64_t input,
                       int64_t kernel);

template <class T>
T activate(T x, Activation activation) {  // NaN stays
  if (activation == Activation::kNone) return x;
  if (x < 0) return 0;
  return activation == Activation::kRelu6 && x > 6 ? T(6) : x;
}

}  // namespace thaw::ref
