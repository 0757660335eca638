// The depthwise convolution rows, of every type.
#include <fmt/core.h>

#include "base/round_up.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/depthwise/depthwise.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

std::string refuse_layer(const OpDesc& desc) {
  std::string why =
      refuse_activations(desc, std::get<DepthwiseConv2D>(desc.op), {false, true, false});
  if (!why.empty()) return why;
  const Tensor& filter = *desc.inputs[1].constant;
  const int64_t out_c = filter.dim(2) * filter.dim(3);
  if (desc.inputs.size() > 2 && desc.inputs[2].constant->num_elements() != out_c)
    return fmt::format("the bias is {}", desc.inputs[2].constant->str());
  return {};
}

bool in_float32(const OpDesc& desc) {
  return desc.inputs[0].dtype == DType::kFloat32 && desc.outputs[0].dtype == DType::kFloat32;
}

class DepthwiseKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    return in_float32(desc) ? refuse_layer(desc) : "not float32 at both ends";
  }

  DepthwiseKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<DepthwiseConv2D>(desc.op)), filter_(desc.inputs[1].constant->shape()) {
    LayerTypes types = layer_types(op_, op_.activation, desc.inputs[0].dtype);
    types.float16_accumulation = op_.float16_accumulation;
    layer_ = DepthwiseLayer(desc, set, types, 1, 2);
    planned_ = planned_window("DepthwiseConv2D", op_, desc.inputs[0].shape, filter_[0], filter_[1],
                              filter_[2] * filter_[3]);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const WindowShape shape =
        window_shape("DepthwiseConv2D", op_, x, filter_[0], filter_[1], filter_[2] * filter_[3]);
    if (shape.in_c != filter_[2])
      ref::fail("DepthwiseConv2D",
                fmt::format("{} does not suit the filter {}", x.str(), filter_.str()));
    Tensor& y = context.output(0, dtype_of(layer_.types().result), output_shape(shape));
    if (y.num_elements() == 0) return;
    layer_.run(shape, x.raw(), y.raw(), context.pool(),
               context.scratch(scratch_for(shape, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return layer_.bytes(); }
  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(*planned_, threads) : 0;
  }

 private:
  size_t scratch_for(const WindowShape& shape, int threads) const {
    return whole_lines(layer_.scratch_bytes(shape)) * static_cast<size_t>(threads);
  }

  const DepthwiseConv2D op_;
  const Shape filter_;
  DepthwiseLayer layer_;
  std::optional<WindowShape> planned_;
};

// Other types at one end or both.
class TypedDepthwiseKernel : public DepthwiseKernel {
 public:
  using DepthwiseKernel::DepthwiseKernel;
  static std::string can_run(const OpDesc& desc) {
    return in_float32(desc) ? "float32 at both ends" : refuse_layer(desc);
  }
};

}  // namespace

const KernelClass kDepthwise = kernel_class<DepthwiseKernel>();
const KernelClass kTypedDepthwise = kernel_class<TypedDepthwiseKernel>();

}  // namespace thaw::cpu
