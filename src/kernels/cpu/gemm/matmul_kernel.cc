// The matrix product row: a constant right-hand side, packed when the plan is built.
#include <fmt/core.h>

#include "kernels/cpu/conv/conv.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

class MatMulKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    std::string why = refuse_dtype(desc);
    if (!why.empty()) return why;
    if (!is_constant(desc, 1)) return "the right-hand side is not constant";
    if (desc.inputs.size() > 2 && !is_constant(desc, 2)) return "the bias is not constant";
    const auto& op = std::get<MatMul>(desc.op);
    if (op.transpose_a) return "the left-hand side is transposed";
    const Tensor& b = *desc.inputs[1].constant;
    if (b.rank() != 2 || b.num_elements() == 0)
      return fmt::format("the right-hand side is {}", b.str());
    if (desc.inputs.size() > 2 &&
        desc.inputs[2].constant->num_elements() != b.dim(op.transpose_b ? 0 : 1))
      return fmt::format("the bias is {}", desc.inputs[2].constant->str());
    return {};
  }

  MatMulKernel(const OpDesc& desc, const KernelSet& set)
      : clamp_(clamp_of(std::get<MatMul>(desc.op).activation)), gemm_(set.gemm) {
    const bool transposed = std::get<MatMul>(desc.op).transpose_b;
    const Tensor& b = *desc.inputs[1].constant;
    const int64_t k = b.dim(transposed ? 1 : 0);
    const int64_t n = b.dim(transposed ? 0 : 1);
    packed_ = desc.pack(PackedMatrix::bytes(gemm_, k, n), [&](void* memory) {
      PackedMatrix(gemm_, k, n, memory)
          .pack(b.data<float>(), transposed ? 1 : n, transposed ? k : 1,
                desc.inputs.size() > 2 ? desc.inputs[2].constant->data<float>() : nullptr);
    });
    matrix_ = PackedMatrix(gemm_, k, n, packed_.raw());
    const Shape& a = desc.inputs[0].shape;
    if (a.is_static() && a.num_elements() > 0 && n > 0) planned_ = rows_of(a.num_elements());
  }

  void run(RunContext& context) override {
    const Tensor& a = context.input(0);
    if (a.rank() < 2 || a.shape().back() != matrix_.k())
      ref::fail("MatMul", fmt::format("{} meets {} rows", a.str(), matrix_.k()));
    Shape out = a.shape();
    out[out.rank() - 1] = matrix_.n();
    Tensor& y = context.output(0, DType::kFloat32, out);
    if (y.num_elements() == 0) return;
    const WindowShape shape = rows_of(a.num_elements());
    conv2d(shape, &matrix_, 1, a.data<float>(), {y.data<float>(), clamp_}, context.pool(),
           context.scratch(scratch_for(shape, context.pool().threads())));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return packed_.num_bytes(); }
  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(*planned_, threads) : 0;
  }

 private:
  // Rows of so many numbers together, as pixels of a picture.
  WindowShape rows_of(int64_t numbers) const {
    WindowShape shape;
    shape.in_w = shape.out_w = numbers / matrix_.k();
    shape.in_c = matrix_.k();
    shape.out_c = matrix_.n();
    return shape;
  }
  size_t scratch_for(const WindowShape& shape, int threads) const {
    return conv2d_scratch_bytes(gemm_, shape, 1) * static_cast<size_t>(threads);
  }

  const Clamp clamp_;
  const GemmKernels& gemm_;
  Tensor packed_;
  PackedMatrix matrix_;
  std::optional<WindowShape> planned_;
};

}  // namespace

const KernelClass kMatMul = kernel_class<MatMulKernel>();

}  // namespace thaw::cpu
