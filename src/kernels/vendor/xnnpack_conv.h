// A convolution as XNNPACK's operators, whole or some of its output channels.
#pragma once

#include <vector>

#include "kernels/vendor/vendor_conv.h"
#include "kernels/vendor/xnnpack_library.h"

namespace thaw::vendor {

// Empty when XNNPACK has the layer and keeps to ActivationTypes's sums.
std::string refuse_xnn_types(const OpDesc& desc);

class XnnConv {
 public:
  // Of an op that refuse_xnn_types lets pass.
  explicit XnnConv(const OpDesc& desc);

  const cpu::WindowShape& shape() const { return conv_.shape; }
  bool depthwise() const { return depthwise_; }
  // Activations are bytes, which XNNPACK wants signed: 128 less than ours.
  bool quantised() const { return conv_.types.x == cpu::Element::kUInt8; }

  // Output channels [first, first + count); reads filter [kh,kw,ci,co] or [kh,kw,c,1] and bias,
  // which may be null.
  XnnOperator create(const Xnnpack& xnn, const Tensor& filter, const float* bias, int64_t first,
                     int64_t count) const;
  // Reads x and writes y, both at the whole tensors' beginnings, signed when quantised.
  void run(const Xnnpack& xnn, xnn_operator_t op, const void* x, void* y, int64_t first) const;

 private:
  XnnOperator create_float(const Xnnpack& xnn, const std::vector<float>& filter, const float* bias,
                           int64_t count) const;
  XnnOperator create_quantised(const Xnnpack& xnn, const std::vector<float>& filter,
                               const float* bias, int64_t count) const;

  VendorConv conv_;
  bool depthwise_;
};

}  // namespace thaw::vendor
