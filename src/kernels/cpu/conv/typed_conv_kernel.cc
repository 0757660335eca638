// The rows of convolutions over few bits.
#include <fmt/core.h>

#include <cstring>

#include "base/round_up.h"
#include "kernels/cpu/conv/typed_conv.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

// Extents of a convolution's filter.
struct FilterShape {
  explicit FilterShape(const OpDesc& desc) {
    const Tensor& f = *desc.inputs[1].constant;
    h = f.dim(0);
    w = f.dim(1);
    group_c = f.dim(2);
    out_c = f.dim(3);
    groups = desc.inputs[0].shape[3] / group_c;
  }
  int64_t k() const { return h * w * group_c; }
  int64_t group_n() const { return out_c / groups; }
  int64_t h, w, group_c, out_c, groups;
};

std::string refuse_shapes(const OpDesc& desc) {
  const Shape& x = desc.inputs[0].shape;
  if (x.rank() != 4 || x[3] == kUnknownDim) return "the number of channels is not known";
  const FilterShape f(desc);
  if (f.groups < 1 || f.groups * f.group_c != x[3] || f.out_c % f.groups != 0)
    return fmt::format("{} channels don't suit the filter {}", x[3],
                       desc.inputs[1].constant->str());
  if (desc.inputs.size() > 2 && desc.inputs[2].constant->num_elements() != f.out_c)
    return fmt::format("the bias is {}", desc.inputs[2].constant->str());
  return {};
}

// Activations for which the set has dot products.
class TypedConvKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    std::string why = refuse_activations(desc, std::get<Conv2D>(desc.op), {false, true, false});
    if (why.empty()) why = refuse_shapes(desc);
    if (!why.empty() || desc.inputs[0].dtype != DType::kFloat32) return why;
    return FilterShape(desc).k() < kLeastLength ? "products of float32 are short" : "";
  }

  TypedConvKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Conv2D>(desc.op)),
        filter_(desc),
        in_c_(desc.inputs[0].shape[3]),
        types_(layer_types(op_, op_.activation, desc.inputs[0].dtype)) {
    const int64_t n = filter_.group_n();
    for (int64_t g = 0; g < filter_.groups; ++g)
      matrices_.emplace_back(desc, set, types_,
                             MatrixPart{1, 2, filter_.k(), n, filter_.out_c, g * n});
    planned_ =
        planned_window("Conv2D", op_, desc.inputs[0].shape, filter_.h, filter_.w, filter_.out_c);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const TypedConv conv =
        conv_of(window_shape("Conv2D", op_, x, filter_.h, filter_.w, filter_.out_c));
    if (conv.shape.in_c != in_c_)
      ref::fail("Conv2D", fmt::format("{} where {} channels were planned", x.str(), in_c_));
    Tensor& y = context.output(0, dtype_of(types_.result), output_shape(conv.shape));
    if (y.num_elements() == 0) return;
    void* const result = y.raw();
    typed_conv(conv, x.raw(), &result, context.pool(),
               context.scratch(scratch_for(conv, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override {
    size_t total = 0;
    for (const TypedMatrix& m : matrices_) total += m.bytes();
    return total;
  }
  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(conv_of(*planned_), threads) : 0;
  }

 private:
  TypedConv conv_of(const WindowShape& shape) const {
    return {shape, types_.x, types_.in_zero, types_.result, matrices_.data(), filter_.groups};
  }
  static size_t scratch_for(const TypedConv& conv, int threads) {
    return typed_conv_scratch_bytes(conv) * static_cast<size_t>(threads);
  }

  // Gathering and splitting float32 costs more below.
  static constexpr int64_t kLeastLength = 64;

  const Conv2D op_;
  const FilterShape filter_;
  const int64_t in_c_;
  const LayerTypes types_;
  std::vector<TypedMatrix> matrices_;
  std::optional<WindowShape> planned_;
};

// Products in float32 of activations of 8 or 16 bits.
class WidenedConvKernel : public TypedConvKernel {
 public:
  using TypedConvKernel::TypedConvKernel;
  static std::string can_run(const OpDesc& desc) {
    if (desc.inputs[0].dtype == DType::kFloat32) return "the input is float32";
    return TypedConvKernel::can_run(desc);
  }
};

// float32 activations with a result of 8 or 16 bits: arithmetic in float32, rounded at the end.
class RoundedConvKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (desc.inputs[0].dtype != DType::kFloat32) return "the input is not float32";
    if (desc.outputs[0].dtype == DType::kFloat32) return "the result is float32";
    std::string why = refuse_activations(desc, std::get<Conv2D>(desc.op), {false, true, false});
    return why.empty() ? refuse_shapes(desc) : why;
  }

  RoundedConvKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Conv2D>(desc.op)),
        filter_(desc),
        gemm_(rounded_gemm(set, filter_.k())),
        epilogue_rows_(set.convert.epilogue),
        in_c_(desc.inputs[0].shape[3]),
        types_(layer_types(op_, op_.activation, DType::kFloat32)) {
    const int64_t n = filter_.group_n();
    const size_t one = whole_lines(PackedMatrix::bytes(gemm_, filter_.k(), n));
    const size_t all = one * static_cast<size_t>(filter_.groups);
    packed_ = desc.pack(all + ChannelEpilogue::bytes(filter_.out_c), [&](void* memory) {
      auto* to = static_cast<char*>(memory);
      std::memset(to, 0, all);
      for (int64_t g = 0; g < filter_.groups; ++g)
        PackedMatrix(gemm_, filter_.k(), n, to + static_cast<size_t>(g) * one)
            .pack(constant_floats(desc, 1) + g * n, filter_.out_c, 1, nullptr);
      const std::vector<float> ones(static_cast<size_t>(filter_.out_c), 1.0F);
      ChannelEpilogue::fill(types_, ones, constant_floats(desc, 2), to + all);
    });
    auto* memory = packed_.data<char>();
    for (int64_t g = 0; g < filter_.groups; ++g)
      matrices_.emplace_back(gemm_, filter_.k(), n, memory + static_cast<size_t>(g) * one);
    epilogue_ = ChannelEpilogue(types_, filter_.out_c, memory + all);
    planned_ =
        planned_window("Conv2D", op_, desc.inputs[0].shape, filter_.h, filter_.w, filter_.out_c);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const WindowShape shape = window_shape("Conv2D", op_, x, filter_.h, filter_.w, filter_.out_c);
    if (shape.in_c != in_c_)
      ref::fail("Conv2D", fmt::format("{} where {} channels were planned", x.str(), in_c_));
    Tensor& y = context.output(0, dtype_of(types_.result), output_shape(shape));
    if (y.num_elements() == 0) return;
    conv2d(shape, matrices_.data(), filter_.groups, x.data<float>(),
           {y.raw(), {}, epilogue_rows_, epilogue_.at(0)}, context.pool(),
           context.scratch(scratch_for(shape, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return packed_.num_bytes(); }
  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(*planned_, threads) : 0;
  }

 private:
  size_t scratch_for(const WindowShape& shape, int threads) const {
    return conv2d_scratch_bytes(gemm_, shape, filter_.groups, true) * static_cast<size_t>(threads);
  }

  const Conv2D op_;
  const FilterShape filter_;
  const GemmKernels& gemm_;
  void (*const epilogue_rows_)(const EpilogueJob&);
  const int64_t in_c_;
  const LayerTypes types_;
  ChannelEpilogue epilogue_;
  Tensor packed_;
  std::vector<PackedMatrix> matrices_;
  std::optional<WindowShape> planned_;
};

// Where products are short and the set has kernels for those.
class ShortConvKernel : public RoundedConvKernel {
 public:
  using RoundedConvKernel::RoundedConvKernel;
  static std::string can_run(const OpDesc& desc) {
    std::string why = RoundedConvKernel::can_run(desc);
    if (!why.empty()) return why;
    return FilterShape(desc).k() > kShortLength ? "products are long" : "";
  }
};

}  // namespace

const KernelClass kTypedConv = kernel_class<TypedConvKernel>();
const KernelClass kWidenedConv = kernel_class<WidenedConvKernel>();
const KernelClass kShortConv = kernel_class<ShortConvKernel>();
const KernelClass kRoundedConv = kernel_class<RoundedConvKernel>();

}  // namespace thaw::cpu
