// Rows of ops on one tensor, element by element: Unary, Cast from bytes, FakeQuant, Softmax.
#include <fmt/core.h>

#include <cmath>

#include "base/thread_pool.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements that are worth another thread

// UnaryFn::kCount when there is no fast form.
UnaryFn unary_fn(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kAbs:
      return UnaryFn::kAbs;
    case UnaryKind::kNeg:
      return UnaryFn::kNeg;
    case UnaryKind::kExp:
      return UnaryFn::kExp;
    case UnaryKind::kSqrt:
      return UnaryFn::kSqrt;
    case UnaryKind::kRsqrt:
      return UnaryFn::kRsqrt;
    case UnaryKind::kSquare:
      return UnaryFn::kSquare;
    case UnaryKind::kReciprocal:
      return UnaryFn::kReciprocal;
    case UnaryKind::kSigmoid:
      return UnaryFn::kSigmoid;
    case UnaryKind::kTanh:
      return UnaryFn::kTanh;
    case UnaryKind::kRelu:
      return UnaryFn::kRelu;
    case UnaryKind::kRelu6:
      return UnaryFn::kRelu6;
    default:
      return UnaryFn::kCount;
  }
}

class UnaryKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (unary_fn(std::get<Unary>(desc.op).kind) == UnaryFn::kCount) return "no fast form";
    return refuse_dtype(desc);
  }
  UnaryKernel(const OpDesc& desc, const KernelSet& set)
      : fn_(set.vector.unary[static_cast<int>(unary_fn(std::get<Unary>(desc.op).kind))]) {}

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const auto* from = x.data<float>();
    auto* to = context.output(0, DType::kFloat32, x.shape()).data<float>();
    context.pool().parallel_for(x.num_elements(), kGrain, [&](int64_t begin, int64_t end, int) {
      fn_(from + begin, to + begin, end - begin);
    });
  }

 private:
  void (*const fn_)(const float*, float*, int64_t);
};

class CastBytesKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (desc.inputs[0].dtype != DType::kUInt8 || std::get<Cast>(desc.op).dtype != DType::kFloat32)
      return "not from uint8 to float32";
    return {};
  }
  CastBytesKernel(const OpDesc&, const KernelSet& set) : fn_(set.vector.from_bytes) {}

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const auto* from = x.data<uint8_t>();
    auto* to = context.output(0, DType::kFloat32, x.shape()).data<float>();
    context.pool().parallel_for(x.num_elements(), 4 * kGrain, [&](int64_t begin, int64_t end, int) {
      fn_(from + begin, to + begin, end - begin);
    });
  }

 private:
  void (*const fn_)(const uint8_t*, float*, int64_t);
};

// One range for the whole tensor, known when the plan is built.
class FakeQuantKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    std::string why = refuse_dtype(desc);
    if (!why.empty()) return why;
    if (!is_constant(desc, 1) || !is_constant(desc, 2)) return "the range is not constant";
    for (size_t i : {1, 2})
      if (desc.inputs[i].constant->rank() != 0) return "a range for each channel";
    const auto& op = std::get<FakeQuant>(desc.op);
    if (op.num_bits < 2 || op.num_bits > 16) return fmt::format("{} bits", op.num_bits);
    const float min = *desc.inputs[1].constant->data<float>();
    const float max = *desc.inputs[2].constant->data<float>();
    if (!(min < max) || std::isinf(max - min)) return fmt::format("the range {} to {}", min, max);
    return {};
  }

  FakeQuantKernel(const OpDesc& desc, const KernelSet& set) : fn_(set.vector.fake_quant) {
    const auto& op = std::get<FakeQuant>(desc.op);
    const float min = *desc.inputs[1].constant->data<float>();
    const float max = *desc.inputs[2].constant->data<float>();
    const float low = op.narrow_range ? 1.0F : 0.0F;
    const auto high = static_cast<float>((int64_t{1} << op.num_bits) - 1);
    job_.scale = (max - min) / (high - low);
    const float zero = low - min / job_.scale;
    const float nudged = zero < low ? low : zero > high ? high : std::round(zero);
    job_.lowest = (low - nudged) * job_.scale;
    job_.highest = (high - nudged) * job_.scale;
    job_.inverse = 1.0F / job_.scale;
    job_.zero_level = std::floor(-job_.lowest * job_.inverse + 0.5F);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const auto* from = x.data<float>();
    auto* to = context.output(0, DType::kFloat32, x.shape()).data<float>();
    context.pool().parallel_for(x.num_elements(), kGrain, [&](int64_t begin, int64_t end, int) {
      FakeQuantJob job = job_;
      job.x = from + begin;
      job.y = to + begin;
      job.n = end - begin;
      fn_(job);
    });
  }

 private:
  void (*const fn_)(const FakeQuantJob&);
  FakeQuantJob job_{};
};

class SoftmaxKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (std::get<Softmax>(desc.op).log) return "no fast logarithm";
    return refuse_dtype(desc);
  }
  SoftmaxKernel(const OpDesc&, const KernelSet& set) : fn_(set.vector.softmax) {}

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    if (x.rank() < 1) ref::fail("Softmax", "a scalar input");
    const int64_t n = x.shape().back();
    const auto* from = x.data<float>();
    auto* to = context.output(0, DType::kFloat32, x.shape()).data<float>();
    if (x.num_elements() == 0) return;
    context.pool().parallel_for(x.num_elements() / n, kGrain / 4 / n + 1,
                                [&](int64_t begin, int64_t end, int) {
                                  fn_(from + begin * n, to + begin * n, end - begin, n);
                                });
  }

 private:
  void (*const fn_)(const float*, float*, int64_t, int64_t);
};

}  // namespace

const KernelClass kUnary = kernel_class<UnaryKernel>();
const KernelClass kCastBytes = kernel_class<CastBytesKernel>();
const KernelClass kFakeQuant = kernel_class<FakeQuantKernel>();
const KernelClass kSoftmax = kernel_class<SoftmaxKernel>();

}  // namespace thaw::cpu
