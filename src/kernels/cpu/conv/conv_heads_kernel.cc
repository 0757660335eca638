// The rows of convolutions of one input, of every type: one loop over its pixels and all filters.
#include <fmt/core.h>

#include "kernels/cpu/conv/typed_conv.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

class ConvHeadsKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    std::vector<bool> filters(desc.inputs.size());
    for (size_t i = 1; i < filters.size(); i += 2) filters[i] = true;
    std::string why = refuse_activations(desc, std::get<ConvHeads>(desc.op), filters);
    if (!why.empty()) return why;
    const Shape& first = desc.inputs[1].constant->shape();
    for (size_t i = 1; i + 1 < desc.inputs.size(); i += 2) {
      const Tensor& filter = *desc.inputs[i].constant;
      if (filter.dim(0) != first[0] || filter.dim(1) != first[1] || filter.dim(2) != first[2])
        return fmt::format("filters of {} and {}", first.str(), filter.str());
      if (desc.inputs[i + 1].constant->num_elements() != filter.dim(3))
        return fmt::format("the bias is {}", desc.inputs[i + 1].constant->str());
    }
    return {};
  }

  ConvHeadsKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<ConvHeads>(desc.op)),
        filter_(desc.inputs[1].constant->shape()),
        types_(layer_types(op_, op_.activation, desc.inputs[0].dtype)) {
    const int64_t k = filter_[0] * filter_[1] * filter_[2];
    for (size_t i = 1; i + 1 < desc.inputs.size(); i += 2) {
      const int64_t n = desc.inputs[i].constant->dim(3);
      heads_.emplace_back(desc, set, types_, MatrixPart{i, i + 1, k, n, n});
      channels_ += n;
    }
    results_.resize(heads_.size());
    planned_ =
        planned_window("ConvHeads", op_, desc.inputs[0].shape, filter_[0], filter_[1], channels_);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const TypedConv conv =
        conv_of(window_shape("ConvHeads", op_, x, filter_[0], filter_[1], channels_));
    if (conv.shape.in_c != filter_[2])
      ref::fail("ConvHeads", fmt::format("{} does not suit the filter {}", x.str(), filter_.str()));
    Shape out = output_shape(conv.shape);
    for (size_t i = 0; i < heads_.size(); ++i) {
      out[3] = heads_[i].n();
      results_[i] = context.output(i, dtype_of(types_.result), out).raw();
    }
    if (out.num_elements() == 0) return;
    typed_conv(conv, x.raw(), results_.data(), context.pool(),
               context.scratch(scratch_for(conv, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override {
    size_t total = 0;
    for (const TypedMatrix& head : heads_) total += head.bytes();
    return total;
  }
  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(conv_of(*planned_), threads) : 0;
  }

 private:
  TypedConv conv_of(const WindowShape& shape) const {
    const auto heads = static_cast<int64_t>(heads_.size());
    return {shape, types_.x, types_.in_zero, types_.result, heads_.data(), 1, heads};
  }
  static size_t scratch_for(const TypedConv& conv, int threads) {
    return typed_conv_scratch_bytes(conv) * static_cast<size_t>(threads);
  }

  const ConvHeads op_;
  const Shape filter_;
  const LayerTypes types_;
  std::vector<TypedMatrix> heads_;
  std::vector<void*> results_;
  int64_t channels_ = 0;
  std::optional<WindowShape> planned_;
};

}  // namespace

const KernelClass kConvHeads = kernel_class<ConvHeadsKernel>();

}  // namespace thaw::cpu
