// The convolution row: filters packed when the plan is built.
#include <fmt/core.h>

#include <cstring>

#include "base/round_up.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

class ConvKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    std::string why = refuse_dtype(desc);
    if (!why.empty()) return why;
    if (desc.outputs[0].dtype != DType::kFloat32) return "the result is not float32";
    if (!is_constant(desc, 1)) return "the filter is not constant";
    if (desc.inputs.size() > 2 && !is_constant(desc, 2)) return "the bias is not constant";
    const Shape& x = desc.inputs[0].shape;
    if (x.rank() != 4 || x[3] == kUnknownDim) return "the number of channels is not known";
    const Tensor& filter = *desc.inputs[1].constant;
    if (filter.rank() != 4 || filter.num_elements() == 0)
      return fmt::format("the filter is {}", filter.str());
    const int64_t groups = x[3] / filter.dim(2);
    if (groups < 1 || groups * filter.dim(2) != x[3] || filter.dim(3) % groups != 0)
      return fmt::format("{} channels don't suit the filter {}", x[3], filter.str());
    if (desc.inputs.size() > 2 && desc.inputs[2].constant->num_elements() != filter.dim(3))
      return fmt::format("the bias is {}", desc.inputs[2].constant->str());
    return {};
  }

  ConvKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Conv2D>(desc.op)), gemm_(set.gemm), in_c_(desc.inputs[0].shape[3]) {
    const Tensor& filter = *desc.inputs[1].constant;
    kernel_h_ = filter.dim(0);
    kernel_w_ = filter.dim(1);
    out_c_ = filter.dim(3);
    groups_ = in_c_ / filter.dim(2);
    const int64_t k = kernel_h_ * kernel_w_ * filter.dim(2);
    const int64_t n = out_c_ / groups_;
    const size_t used = PackedMatrix::bytes(gemm_, k, n);
    const size_t one = whole_lines(used);
    packed_ = desc.pack(one * static_cast<size_t>(groups_), [&](void* memory) {
      const float* bias = desc.inputs.size() > 2 ? desc.inputs[2].constant->data<float>() : nullptr;
      for (int64_t g = 0; g < groups_; ++g) {
        char* group = static_cast<char*>(memory) + static_cast<size_t>(g) * one;
        PackedMatrix(gemm_, k, n, group)
            .pack(filter.data<float>() + g * n, out_c_, 1,
                  bias != nullptr ? bias + g * n : nullptr);
        std::memset(group + used, 0, one - used);
      }
    });
    for (int64_t g = 0; g < groups_; ++g)
      filters_.emplace_back(gemm_, k, n, packed_.data<char>() + static_cast<size_t>(g) * one);
    planned_ = planned_window("Conv2D", op_, desc.inputs[0].shape, kernel_h_, kernel_w_, out_c_);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const WindowShape shape = window_shape("Conv2D", op_, x, kernel_h_, kernel_w_, out_c_);
    if (shape.in_c != in_c_)
      ref::fail("Conv2D", fmt::format("{} where {} channels were planned", x.str(), in_c_));
    Tensor& y = context.output(0, DType::kFloat32, output_shape(shape));
    if (y.num_elements() == 0) return;
    conv2d(shape, filters_.data(), groups_, x.data<float>(),
           {y.data<float>(), clamp_of(op_.activation)}, context.pool(),
           context.scratch(scratch_for(shape, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return packed_.num_bytes(); }
  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(*planned_, threads) : 0;
  }

 private:
  size_t scratch_for(const WindowShape& shape, int threads) const {
    return conv2d_scratch_bytes(gemm_, shape, groups_) * static_cast<size_t>(threads);
  }

  const Conv2D op_;
  const GemmKernels& gemm_;
  const int64_t in_c_;
  int64_t kernel_h_ = 1;
  int64_t kernel_w_ = 1;
  int64_t out_c_ = 1;
  int64_t groups_ = 1;
  Tensor packed_;
  std::vector<PackedMatrix> filters_;
  std::optional<WindowShape> planned_;
};

}  // namespace

const KernelClass kConv = kernel_class<ConvKernel>();

}  // namespace thaw::cpu
