// Rows that change the type of a tensor's elements: Quantize, Dequantize, and Cast between float32
// and the 16-bit floats.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/thread_pool.h"
#include "kernels/cpu/layer_types.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kGrain = 16384;  // elements that are worth another thread

std::string refuse_levels(float scale, int64_t zero) {
  if (std::isfinite(scale) && scale > 0 && zero >= 0 && zero <= 255) return {};
  return fmt::format("scale {} and zero {}", scale, zero);
}

class QuantizeKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const auto& op = std::get<Quantize>(desc.op);
    const std::string why = refuse_dtype(desc);
    return why.empty() ? refuse_levels(op.scale, op.zero) : why;
  }
  QuantizeKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Quantize>(desc.op)), fn_(set.convert.quantize) {}

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    auto* y = context.output(0, DType::kUInt8, x.shape()).data<uint8_t>();
    const auto zero = static_cast<int>(op_.zero);
    const Clamp clamp = level_clamp({}, op_.scale, zero);
    context.pool().parallel_for(x.num_elements(), kGrain, [&](int64_t begin, int64_t end, int) {
      fn_({x.data<float>() + begin, end - begin, op_.scale, clamp, zero, y + begin});
    });
  }

 private:
  const Quantize op_;
  void (*const fn_)(const QuantizeJob&);
};

// y = (x - zero) * scale in another type, by way of float32, in pieces that stay in the first-level
// cache.
void convert(const ConvertKernels& kernels, RunContext& context, DType to, float zero,
             float scale) {
  constexpr int64_t kPiece = 1024;
  const Tensor& x = context.input(0);
  Tensor& y = context.output(0, to, x.shape());
  const Element x_type = element_of(x.dtype());
  const Element y_type = element_of(to);
  std::array<float, kPiece> scales;
  scales.fill(scale);
  std::array<float, kPiece> zeros;
  zeros.fill(-0.0F);  // which leaves zeros of either sign as they are
  context.pool().parallel_for(x.num_elements(), kGrain, [&](int64_t begin, int64_t end, int) {
    std::array<float, kPiece> wide;
    for (int64_t i = begin; i < end; i += kPiece) {
      const int64_t n = std::min<int64_t>(kPiece, end - i);
      const char* in = static_cast<const char*>(x.raw()) + i * bytes_of(x_type);
      char* out = static_cast<char*>(y.raw()) + i * bytes_of(y_type);
      kernels.widen({in, x_type, 1, n, n, zero, wide.data()});
      kernels.epilogue(
          {wide.data(), 1, n, n, {scales.data(), zeros.data(), {}, 0, y_type}, out, n});
    }
  });
}

class DequantizeKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const auto& op = std::get<Dequantize>(desc.op);
    if (desc.inputs[0].dtype != DType::kUInt8) return "the input is not uint8";
    return refuse_levels(op.scale, op.zero);
  }
  DequantizeKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Dequantize>(desc.op)), kernels_(set.convert) {}

  void run(RunContext& context) override {
    convert(kernels_, context, DType::kFloat32, static_cast<float>(op_.zero), op_.scale);
  }

 private:
  const Dequantize op_;
  const ConvertKernels& kernels_;
};

bool is_16_bit(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }

class CastFloatKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const DType from = desc.inputs[0].dtype;
    const DType to = std::get<Cast>(desc.op).dtype;
    const bool narrower = from == DType::kFloat32 && is_16_bit(to);
    const bool wider = is_16_bit(from) && to == DType::kFloat32;
    return narrower || wider ? "" : "not between float32 and a 16-bit float";
  }
  CastFloatKernel(const OpDesc& desc, const KernelSet& set)
      : to_(std::get<Cast>(desc.op).dtype), kernels_(set.convert) {}

  void run(RunContext& context) override { convert(kernels_, context, to_, 0, 1); }

 private:
  const DType to_;
  const ConvertKernels& kernels_;
};

}  // namespace

const KernelClass kQuantize = kernel_class<QuantizeKernel>();
const KernelClass kDequantize = kernel_class<DequantizeKernel>();
const KernelClass kCastFloat = kernel_class<CastFloatKernel>();

}  // namespace thaw::cpu
