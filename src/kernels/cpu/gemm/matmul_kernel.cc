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
  }

  void run(RunContext& context) override {
    const Tensor& a = context.input(0);
    if (a.rank() < 2 || a.shape().back() != matrix_.k())
      ref::fail("MatMul", fmt::format("{} meets {} rows", a.str(), matrix_.k()));
    Shape out = a.shape();
    out[out.rank() - 1] = matrix_.n();
    Tensor& y = context.output(0, DType::kFloat32, out);
    if (y.num_elements() == 0) return;
    WindowShape shape;
    shape.in_w = shape.out_w = a.num_elements() / matrix_.k();
    shape.in_c = matrix_.k();
    shape.out_c = matrix_.n();
    const size_t scratch = conv2d_scratch_bytes(gemm_, shape, 1);
    const auto threads = static_cast<size_t>(context.pool().threads());
    conv2d(shape, &matrix_, 1, a.data<float>(), {y.data<float>(), clamp_}, context.pool(),
           context.scratch(scratch * threads));
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return packed_.num_bytes(); }

 private:
  const Clamp clamp_;
  const GemmKernels& gemm_;
  Tensor packed_;
  PackedMatrix matrix_;
};

}  // namespace

const KernelClass kMatMul = kernel_class<MatMulKernel>();

}  // namespace thaw::cpu
