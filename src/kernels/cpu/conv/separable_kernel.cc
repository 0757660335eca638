// The rows of separable convolutions, of every type.
#include <fmt/core.h>

#include "kernels/cpu/conv/separable.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

LayerTypes depthwise_types(const SeparableConv2D& op, DType x) {
  ActivationTypes first = op;
  first.result = mid_type(op, x);
  first.out_scale = op.mid_scale;
  first.out_zero = op.mid_zero;
  LayerTypes types = layer_types(first, op.mid_activation, x);
  types.float16_accumulation = op.float16_accumulation;
  return types;
}

LayerTypes pointwise_types(const SeparableConv2D& op, DType x) {
  ActivationTypes second = op;
  second.in_scale = op.mid_scale;
  second.in_zero = op.mid_zero;
  if (op.result == DType::kInvalid) second.result = x;
  return layer_types(second, op.activation, mid_type(op, x));
}

class SeparableKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const auto& op = std::get<SeparableConv2D>(desc.op);
    std::string why = refuse_activations(desc, op, {false, true, false, true, false});
    if (!why.empty()) return why;
    if (desc.inputs.size() != 5) return fmt::format("{} inputs", desc.inputs.size());
    ActivationTypes middle;  // as the second half's input
    middle.result = op.result;
    middle.in_scale = op.mid_scale;
    middle.in_zero = op.mid_zero;
    middle.out_scale = op.out_scale;
    middle.out_zero = op.out_zero;
    why = refuse_activations(desc, middle, {false, true, false, true, false});
    if (!why.empty()) return "between the halves: " + why;
    return refuse_shapes(desc);
  }

  SeparableKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<SeparableConv2D>(desc.op)),
        filter_(desc.inputs[1].constant->shape()),
        result_(dtype_of(pointwise_types(op_, desc.inputs[0].dtype).result)) {
    const DType x = desc.inputs[0].dtype;
    const int64_t n = desc.inputs[3].constant->dim(3);
    depthwise_ = DepthwiseLayer(desc, set, depthwise_types(op_, x), 1, 2);
    pointwise_ = TypedMatrix(desc, set, pointwise_types(op_, x), {3, 4, filter_[2], n, n});
    planned_ = planned_window("SeparableConv2D", op_, desc.inputs[0].shape, filter_[0], filter_[1],
                              filter_[2]);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const Separable layer{
        window_shape("SeparableConv2D", op_, x, filter_[0], filter_[1], filter_[2]), depthwise_,
        pointwise_};
    if (layer.shape.in_c != filter_[2])
      ref::fail("SeparableConv2D",
                fmt::format("{} does not suit the filter {}", x.str(), filter_.str()));
    Shape out = output_shape(layer.shape);
    out[3] = pointwise_.n();
    Tensor& y = context.output(0, result_, out);
    if (y.num_elements() == 0) return;
    compute(layer, x.raw(), y.raw(), context.pool(),
            context.scratch(scratch_for(layer, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return depthwise_.bytes() + pointwise_.bytes(); }
  size_t scratch_bytes(int threads) const override {
    return planned_ && pointwise_.n() > 0
               ? scratch_for({*planned_, depthwise_, pointwise_}, threads)
               : 0;
  }

 private:
  static std::string refuse_shapes(const OpDesc& desc) {
    const Tensor& first = *desc.inputs[1].constant;
    const Tensor& second = *desc.inputs[3].constant;
    const int64_t c = first.dim(2);
    if (first.dim(3) != 1 || second.dim(0) != 1 || second.dim(1) != 1 || second.dim(2) != c)
      return fmt::format("filters of {} and {}", first.str(), second.str());
    if (desc.inputs[2].constant->num_elements() != c ||
        desc.inputs[4].constant->num_elements() != second.dim(3))
      return "a bias has not one number for each channel";
    return {};
  }

  virtual void compute(const Separable& layer, const void* x, void* y, ThreadPool& pool,
                       void* scratch) const {
    separable(layer, x, y, pool, scratch);
  }
  virtual size_t scratch_for(const Separable& layer, int threads) const {
    return separable_scratch_bytes(layer, threads) * static_cast<size_t>(threads);
  }

  const SeparableConv2D op_;
  const Shape filter_;
  const DType result_;
  DepthwiseLayer depthwise_;
  TypedMatrix pointwise_;
  std::optional<WindowShape> planned_;
};

// The halves one after the other, over the whole picture.
class SplitSeparableKernel : public SeparableKernel {
 public:
  using SeparableKernel::SeparableKernel;

 private:
  void compute(const Separable& layer, const void* x, void* y, ThreadPool& pool,
               void* scratch) const override {
    split_separable(layer, x, y, pool, scratch);
  }
  size_t scratch_for(const Separable& layer, int threads) const override {
    return split_separable_scratch_bytes(layer, threads);
  }
};

// Products in float32, where the width of panels counts.
class WideSeparableKernel : public SeparableKernel {
 public:
  using SeparableKernel::SeparableKernel;
  static std::string can_run(const OpDesc& desc) {
    if (desc.inputs[0].dtype != DType::kFloat32) return "not float32";
    return SeparableKernel::can_run(desc);
  }
};

}  // namespace

const KernelClass kSeparable = kernel_class<SeparableKernel>();
const KernelClass kWideSeparable = kernel_class<WideSeparableKernel>();
const KernelClass kSplitSeparable = kernel_class<SplitSeparableKernel>();

}  // namespace thaw::cpu
