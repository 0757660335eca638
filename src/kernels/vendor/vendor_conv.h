// What the convolutions of both libraries have in common: an op of Conv2D's or DepthwiseConv2D's
// whose shapes and weights are known when its kernel is built.
#pragma once

#include <string>

#include "kernels/cpu/conv/conv.h"
#include "kernels/cpu/layer_types.h"
#include "kernels/kernel.h"

namespace thaw::vendor {

struct VendorConv {
  cpu::WindowShape shape;
  int64_t groups = 1;
  cpu::LayerTypes types;
  float clamp_low = 0;  // the activation's bounds, infinite where it has none
  float clamp_high = 0;

  // Rows and columns past the bottom and right that the last windows reach.
  int64_t pad_bottom() const;
  int64_t pad_right() const;
};

// Empty when the op is static, its filter and bias are constants that suit it, and its types are
// x -> result; otherwise why not.
std::string refuse_conv(const OpDesc& desc);
// Of an op that refuse_conv lets pass.
VendorConv describe_conv(const OpDesc& desc);

}  // namespace thaw::vendor
