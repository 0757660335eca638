// Rows of the bilinear resize, plain and with the scale and offset of a detector's preprocessing,
// from bytes or floats. The order of operations is TensorFlow's, so results are its own.
#include <fmt/core.h>

#include "base/thread_pool.h"
#include "kernels/cpu/resize/resize.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // results that are worth another thread

size_t tap_bytes(const Sampling& s) {
  return static_cast<size_t>(s.width + s.height) * sizeof(ResizeTap);
}

template <class T>
void resize(void (*row_fn)(const ResizeRow<T>&), const Sampling& s, const Tensor& x,
            RunContext& context, Tensor& out) {
  const int64_t in_h = x.dim(1);
  const int64_t in_w = x.dim(2);
  const int64_t channels = x.dim(3);
  auto* columns = static_cast<ResizeTap*>(context.scratch(tap_bytes(s)));
  ResizeTap* rows = columns + s.width;
  fill_taps(s, in_w, s.width, channels, columns);
  fill_taps(s, in_h, s.height, 1, rows);
  const int64_t safe = safe_columns(columns, s.width, in_w, channels);
  const ColumnRange paired = paired_columns(columns, s.width, in_w, channels);
  const auto* from = x.data<T>();
  auto* to = out.data<float>();
  context.pool().parallel_for(
      x.dim(0) * s.height, kGrain / (s.width * channels) + 1, [&](int64_t begin, int64_t end, int) {
        for (int64_t r = begin; r < end; ++r) {
          const T* image = from + r / s.height * in_h * in_w * channels;
          const ResizeTap& tap = rows[r % s.height];
          row_fn({image + tap.left * in_w * channels, image + tap.right * in_w * channels, columns,
                  s.width, channels, safe, paired, tap.weight, s.scale, s.offset,
                  to + r * s.width * channels});
        }
      });
}

class ResizeKernelBase : public OpKernel {
 public:
  explicit ResizeKernelBase(const KernelSet& set)
      : bytes_(set.vector.resize_bytes), floats_(set.vector.resize_floats) {}

 protected:
  static std::string refuse(const OpDesc& desc) {
    const DType dtype = desc.inputs[0].dtype;
    if (dtype != DType::kFloat32 && dtype != DType::kUInt8)
      return fmt::format("{}, not float32 or uint8", dtype_name(dtype));
    return {};
  }

  // False for what the reference shall judge.
  bool try_run(const Sampling& s, RunContext& context) {
    const Tensor& x = context.input(0);
    if (x.rank() != 4 || x.num_elements() == 0 || !fits_taps(s, x.dim(1), x.dim(2), x.dim(3)))
      return false;
    Tensor& out = context.output(0, DType::kFloat32, {x.dim(0), s.height, s.width, x.dim(3)});
    if (x.dtype() == DType::kUInt8) {
      resize<uint8_t>(bytes_, s, x, context, out);
    } else {
      resize<float>(floats_, s, x, context, out);
    }
    return true;
  }

 private:
  void (*const bytes_)(const ResizeRow<uint8_t>&);
  void (*const floats_)(const ResizeRow<float>&);
};

class ResizeKernel : public ResizeKernelBase {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (std::get<Resize>(desc.op).method != ResizeMethod::kBilinear) return "not bilinear";
    return refuse(desc);
  }
  ResizeKernel(const OpDesc& desc, const KernelSet& set)
      : ResizeKernelBase(set), op_(std::get<Resize>(desc.op)) {
    if (is_constant(desc, 1)) planned_ = tap_bytes(sampling(*desc.inputs[1].constant));
  }

  void run(RunContext& context) override {
    const Sampling s = sampling(context.input(1));
    const Tensor& x = context.input(0);
    const bool same = x.dtype() == DType::kFloat32 && x.rank() == 4 && x.dim(1) == s.height &&
                      x.dim(2) == s.width;
    if (same || !try_run(s, context)) ref::run(op_, context);
  }

  size_t scratch_bytes(int /*threads*/) const override { return planned_; }

 private:
  Sampling sampling(const Tensor& size) const {
    Sampling s;
    if (is_integer(size.dtype()) && size.num_elements() == 2) {
      s.height = size.int_at(0);
      s.width = size.int_at(1);
    }
    s.align_corners = op_.align_corners;
    s.half_pixel_centers = op_.half_pixel_centers;
    return s;
  }

  const Resize op_;
  size_t planned_ = 0;
};

class ResizeAffineKernel : public ResizeKernelBase {
 public:
  static std::string can_run(const OpDesc& desc) { return refuse(desc); }
  ResizeAffineKernel(const OpDesc& desc, const KernelSet& set)
      : ResizeKernelBase(set), op_(std::get<ResizeAffine>(desc.op)) {}

  void run(RunContext& context) override {
    if (!try_run(sampling(), context)) ref::run(op_, context);
  }

  size_t scratch_bytes(int /*threads*/) const override { return tap_bytes(sampling()); }

 private:
  Sampling sampling() const {
    return {op_.height, op_.width, op_.align_corners, op_.half_pixel_centers,
            op_.scale,  op_.offset};
  }

  const ResizeAffine op_;
};

}  // namespace

const KernelClass kResize = kernel_class<ResizeKernel>();
const KernelClass kResizeAffine = kernel_class<ResizeAffineKernel>();

}  // namespace thaw::cpu
