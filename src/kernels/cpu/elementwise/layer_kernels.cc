// Rows of layers that look at neighbours or channels: pooling, batch norm, reduction over space.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/thread_pool.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kGrain = 8192;  // elements that are worth another thread

class PoolKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const auto& op = std::get<Pool>(desc.op);
    if (op.window[0] < 1 || op.window[1] < 1)
      return fmt::format("a window of {}x{}", op.window[0], op.window[1]);
    return refuse_dtype(desc);
  }
  PoolKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Pool>(desc.op)),
        fn_(op_.kind == PoolKind::kMax ? set.vector.pool_max : set.vector.pool_average) {
    const Shape& x = desc.inputs[0].shape;
    if (x.rank() == 4)
      planned_ = planned_window("Pool", op_, x, op_.window[0], op_.window[1], x[3]);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    const int64_t channels = x.rank() == 4 ? x.dim(3) : 0;
    const WindowShape s = window_shape("Pool", op_, x, op_.window[0], op_.window[1], channels);
    Tensor& out = context.output(0, DType::kFloat32, output_shape(s));
    if (out.num_elements() == 0) return;
    const int64_t window = taps_of(s);
    auto* taps =
        static_cast<const float**>(context.scratch(scratch_for(s, context.pool().threads())));
    const auto* from = x.data<float>();
    auto* to = out.data<float>();
    const int64_t row = s.out_w * channels;
    context.pool().parallel_for(s.batch * s.out_h, kGrain / (row * window) + 1,
                                [&](int64_t begin, int64_t end, int thread) {
                                  for (int64_t r = begin; r < end; ++r)
                                    pool_row(s, from, r, taps + thread * window, to + r * row);
                                });
  }

  size_t scratch_bytes(int threads) const override {
    return planned_ ? scratch_for(*planned_, threads) : 0;
  }

 private:
  static int64_t taps_of(const WindowShape& s) {
    return std::min(s.kernel_h, s.in_h) * std::min(s.kernel_w, s.in_w);
  }
  static size_t scratch_for(const WindowShape& s, int threads) {
    return static_cast<size_t>(threads) * static_cast<size_t>(taps_of(s) + 1) * sizeof(float*);
  }

  void pool_row(const WindowShape& s, const float* x, int64_t row, const float** taps, float* out) {
    const float* image = x + row / s.out_h * s.in_h * s.in_w * s.in_c;
    const int64_t y0 = row % s.out_h * s.stride_h - s.pad_top;
    const int64_t y_from = std::max<int64_t>(y0, 0);
    const int64_t y_to = std::min(y0 + s.kernel_h, s.in_h);
    for (int64_t ox = 0; ox < s.out_w; ++ox, out += s.in_c) {
      const int64_t x0 = ox * s.stride_w - s.pad_left;
      const int64_t x_to = std::min(x0 + s.kernel_w, s.in_w);
      int64_t count = 0;
      for (int64_t iy = y_from; iy < y_to; ++iy)
        for (int64_t ix = std::max<int64_t>(x0, 0); ix < x_to; ++ix)
          taps[count++] = image + (iy * s.in_w + ix) * s.in_c;
      fn_({taps, count, s.in_c, out});
    }
  }

  const Pool op_;
  void (*const fn_)(const PoolPixel&);
  std::optional<WindowShape> planned_;
};

class BatchNormKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    if (std::get<BatchNorm>(desc.op).training) return "statistics of the batch";
    return refuse_dtype(desc);
  }
  BatchNormKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<BatchNorm>(desc.op)), fn_(set.vector.normalize) {
    const Shape& x = desc.inputs[0].shape;
    if (x.rank() == 4 && x[3] != kUnknownDim) channels_ = x[3];
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    bool fits = x.rank() == 4;
    for (size_t i = 1; i < 5; ++i)
      fits = fits && context.input(i).rank() == 1 && context.input(i).dim(0) == x.shape().back();
    if (!fits || x.num_elements() == 0) return ref::run(op_, context);
    const int64_t channels = x.shape().back();
    auto* factor =
        static_cast<float*>(context.scratch(static_cast<size_t>(channels) * sizeof(float)));
    for (int64_t c = 0; c < channels; ++c)
      factor[c] = context.input(1).data<float>()[c] /
                  std::sqrt(context.input(4).data<float>()[c] + op_.epsilon);
    const auto* offset = context.input(2).data<float>();
    const auto* mean = context.input(3).data<float>();
    auto* y = context.output(0, DType::kFloat32, x.shape()).data<float>();
    context.pool().parallel_for(x.num_elements() / channels, kGrain / channels + 1,
                                [&](int64_t begin, int64_t end, int) {
                                  fn_({x.data<float>() + begin * channels, end - begin, channels,
                                       mean, factor, offset, y + begin * channels});
                                });
  }

  size_t scratch_bytes(int /*threads*/) const override {
    return static_cast<size_t>(channels_) * sizeof(float);
  }

 private:
  const BatchNorm op_;
  int64_t channels_ = 0;
  void (*const fn_)(const NormalizeJob&);
};

// Sum or mean over neighbouring dimensions before the last ones, such as height and width.
class ReduceKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const auto& op = std::get<Reduce>(desc.op);
    if (op.kind != ReduceKind::kSum && op.kind != ReduceKind::kMean) return "no fast form";
    if (desc.inputs[0].dtype != DType::kFloat32) return "not float32";
    if (!is_constant(desc, 1)) return "the axes are not constant";
    const int rank = desc.inputs[0].shape.rank();
    if (rank < 2) return "fewer than two dimensions";
    const std::vector<int64_t> axes = sorted_axes(desc, rank);
    if (axes.empty()) return "no axis";
    for (size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] < 0 || axes[i] >= rank - 1) return "the last axis is reduced";
      if (axes[i] != axes[0] + static_cast<int64_t>(i)) return "the axes are no neighbours";
    }
    return {};
  }

  ReduceKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<Reduce>(desc.op)), fn_(set.vector.sum_rows) {
    const std::vector<int64_t> axes = sorted_axes(desc, desc.inputs[0].shape.rank());
    first_ = static_cast<int>(axes.front());
    last_ = static_cast<int>(axes.back()) + 1;
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    if (x.rank() <= last_ || x.num_elements() == 0) return ref::run(op_, context);
    Shape shape;
    for (int i = 0; i < x.rank(); ++i) {
      const bool reduced = i >= first_ && i < last_;
      if (!reduced) shape.push_back(x.dim(i));
      if (reduced && op_.keep_dims) shape.push_back(1);
    }
    const int64_t outer = ref::product(x.shape(), 0, first_);
    const int64_t rows = ref::product(x.shape(), first_, last_);
    const int64_t inner = ref::product(x.shape(), last_, x.rank());
    auto* out = context.output(0, DType::kFloat32, shape).data<float>();
    constexpr int64_t kChunk = 64;  // columns that a thread takes at a time
    const int64_t chunks = (inner + kChunk - 1) / kChunk;
    context.pool().parallel_for(
        outer * chunks, kGrain / (rows * kChunk) + 1, [&](int64_t begin, int64_t end, int) {
          for (int64_t i = begin; i < end; ++i) {
            const int64_t at = i % chunks * kChunk;
            const int64_t n = std::min(kChunk, inner - at);
            float* to = out + i / chunks * inner + at;
            fn_(x.data<float>() + i / chunks * rows * inner + at, rows, inner, n, to);
            if (op_.kind == ReduceKind::kMean)
              for (int64_t c = 0; c < n; ++c) to[c] /= static_cast<float>(rows);
          }
        });
  }

 private:
  static std::vector<int64_t> sorted_axes(const OpDesc& desc, int rank) {
    std::vector<int64_t> axes = desc.inputs[1].constant->ints();
    for (int64_t& a : axes) a += a < 0 ? rank : 0;
    std::sort(axes.begin(), axes.end());
    return axes;
  }

  const Reduce op_;
  void (*const fn_)(const float*, int64_t, int64_t, int64_t, float*);
  int first_ = 0;
  int last_ = 0;
};

}  // namespace

const KernelClass kPool = kernel_class<PoolKernel>();
const KernelClass kBatchNorm = kernel_class<BatchNormKernel>();
const KernelClass kReduce = kernel_class<ReduceKernel>();

}  // namespace thaw::cpu
