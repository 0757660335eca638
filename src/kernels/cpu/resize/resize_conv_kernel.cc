// Preprocessing and first layer in one: each thread resizes the few picture rows that an output row
// needs into scratch, where they stay in the first-level cache, and multiplies from there.
#include <fmt/core.h>

#include <cstring>
#include <vector>

#include "base/round_up.h"
#include "base/thread_pool.h"
#include "kernels/cpu/conv/window.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/layer_types.h"
#include "kernels/cpu/resize/resize.h"
#include "kernels/cpu/rows.h"
#include "kernels/ref/ref.h"

namespace thaw::cpu {
namespace {

// Where the pixels of pictures of one size come from.
struct PictureTaps {
  int64_t in_h = -1;
  int64_t in_w = -1;
  std::vector<ResizeTap> columns;
  std::vector<ResizeTap> rows;
  int64_t safe = 0;
  ColumnRange paired;

  // Does nothing where the size is the one before.
  void prepare(const Sampling& s, int64_t height, int64_t width, int64_t channels) {
    if (in_h == height && in_w == width) return;
    in_h = height;
    in_w = width;
    columns.resize(static_cast<size_t>(s.width));
    rows.resize(static_cast<size_t>(s.height));
    fill_taps(s, in_w, s.width, channels, columns.data());
    fill_taps(s, in_h, s.height, 1, rows.data());
    safe = safe_columns(columns.data(), s.width, in_w, channels);
    paired = paired_columns(columns.data(), s.width, in_w, channels);
  }
};

// What all threads read.
struct Shared {
  Sampling sampling;
  WindowShape window;  // over the resized picture
  const PictureTaps& taps;
  int64_t left;   // zeros before a picture row in scratch, in elements
  int64_t pitch;  // elements of a row in scratch
};

// One thread's scratch: a ring of picture rows, a row of zeros, pointers to windows, a row of
// results.
struct Scratch {
  size_t ring, zeros, pointers, results;
  explicit Scratch(const Shared& s)
      : ring(whole_lines(s.window.kernel_h * s.pitch * static_cast<int64_t>(sizeof(float)))),
        zeros(whole_lines(s.pitch * static_cast<int64_t>(sizeof(float)))),
        pointers(
            whole_lines(s.window.kernel_h * s.window.out_w * static_cast<int64_t>(sizeof(float*)))),
        results(
            whole_lines(s.window.out_w * s.window.out_c * static_cast<int64_t>(sizeof(float)))) {}
  size_t bytes() const { return ring + zeros + pointers + results; }
};

template <class T>
class RowMaker {
 public:
  RowMaker(const Shared& s, void (*resize)(const ResizeRow<T>&), const PackedMatrix& filter,
           Clamp clamp, char* scratch)
      : s_(s),
        resize_(resize),
        filter_(filter),
        clamp_(clamp),
        ring_(reinterpret_cast<float*>(scratch)),
        zeros_(reinterpret_cast<float*>(scratch + Scratch(s).ring)),
        pointers_(reinterpret_cast<const float**>(scratch + Scratch(s).ring + Scratch(s).zeros)) {
    std::memset(scratch, 0, Scratch(s).ring + Scratch(s).zeros);
  }

  // Output row oy of the picture at x into out [out_w, out_c]; or, with kernels that have an
  // epilogue, what `epilogue` makes of it into rounded.
  void run(const T* x, int64_t oy, float* out, const Epilogue& epilogue, void* rounded) {
    if (x != x_) {
      x_ = x;
      next_ = 0;
    }
    const WindowShape& w = s_.window;
    const int64_t first = oy * w.stride_h - w.pad_top;
    for (int64_t ky = 0; ky < w.kernel_h; ++ky) {
      const int64_t y = first + ky;
      const float* row = y < 0 || y >= s_.sampling.height ? zeros_ : picture_row(y);
      const float** to = pointers_ + ky * w.out_w;
      for (int64_t ox = 0; ox < w.out_w; ++ox) to[ox] = row + ox * w.stride_w * w.in_c;
    }
    multiply(out, epilogue, rounded);
  }

 private:
  // Rows come in rising order; one that an earlier output row needed is still in the ring.
  const float* picture_row(int64_t y) {
    float* row = ring_ + y % s_.window.kernel_h * s_.pitch + s_.left;
    if (y >= next_) {
      const int64_t channels = s_.window.in_c;
      const PictureTaps& taps = s_.taps;
      const ResizeTap& tap = taps.rows[static_cast<size_t>(y)];
      const int64_t pitch = taps.in_w * channels;
      resize_({x_ + tap.left * pitch, x_ + tap.right * pitch, taps.columns.data(),
               s_.sampling.width, channels, taps.safe, taps.paired, tap.weight, s_.sampling.scale,
               s_.sampling.offset, row});
      next_ = y + 1;
    }
    return row - s_.left;
  }

  void multiply(float* out, const Epilogue& epilogue, void* y) {
    const WindowShape& w = s_.window;
    PanelJob job;
    job.rows = pointers_;
    job.row_count = w.out_w;
    job.row_stride = w.out_w;
    job.segments = w.kernel_h;
    job.length = w.kernel_w * w.in_c;
    job.clamp = clamp_;
    job.ldc = w.out_c;
    for (int64_t i = 0; i < filter_.panels(); ++i) {
      const PackedMatrix::Panel panel = filter_.panel(i);
      job.b = panel.b;
      job.bias = panel.bias;
      job.vectors = panel.vectors;
      job.columns = panel.columns;
      job.c = out + panel.column;
      job.prepared = panel.prepared;
      job.epilogue = epilogue.from(panel.column);
      job.y = static_cast<char*>(y) + panel.column * bytes_of(epilogue.result);
      job.ldy = w.out_c;
      filter_.kernels().panel(job);
    }
  }

  const Shared& s_;
  void (*const resize_)(const ResizeRow<T>&);
  const PackedMatrix& filter_;
  const Clamp clamp_;
  float* ring_;
  float* zeros_;
  const float** pointers_;
  const T* x_ = nullptr;
  int64_t next_ = 0;  // picture rows before it have been made
};

class ResizeConvKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const DType x = desc.inputs[0].dtype;
    if (x != DType::kUInt8 && x != DType::kFloat32)
      return fmt::format("{}, not float32 or uint8", dtype_name(x));
    if (!is_constant(desc, 1) || !is_constant(desc, 2)) return "the filter is not constant";
    const Tensor& filter = *desc.inputs[1].constant;
    if (filter.rank() != 4 || filter.num_elements() == 0 ||
        desc.inputs[2].constant->num_elements() != filter.dim(3))
      return fmt::format("the filter is {}", filter.str());
    if (std::get<ResizeConv2D>(desc.op).dilations != Window().dilations) return "dilations";
    return {};
  }

  ResizeConvKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<ResizeConv2D>(desc.op)), set_(set) {
    const Tensor& filter = *desc.inputs[1].constant;
    kernel_h_ = filter.dim(0);
    kernel_w_ = filter.dim(1);
    in_c_ = filter.dim(2);
    const int64_t k = kernel_h_ * kernel_w_ * in_c_;
    const int64_t n = filter.dim(3);
    const LayerTypes types = layer_types(op_, op_.activation, DType::kFloat32);
    const GemmKernels& gemm = types.result == Element::kFloat32 ? set.gemm : rounded_gemm(set, k);
    const auto* bias = desc.inputs[2].constant->data<float>();
    packed_ = desc.pack(PackedMatrix::bytes(gemm, k, n), [&](void* memory) {
      PackedMatrix(gemm, k, n, memory)
          .pack(filter.data<float>(), n, 1, gemm.has_epilogue() ? nullptr : bias);
    });
    filter_ = PackedMatrix(gemm, k, n, packed_.data<char>());
    factors_ = desc.pack(ChannelEpilogue::bytes(n), [&](void* memory) {
      ChannelEpilogue::fill(types, std::vector<float>(static_cast<size_t>(n), 1.0F),
                            gemm.has_epilogue() ? bias : nullptr, memory);
    });
    epilogue_ = ChannelEpilogue(types, n, factors_.raw());
    const Shape& x = desc.inputs[0].shape;
    if (x.is_static() && x.rank() == 4 && can_resize(x))
      taps_.prepare(sampling(), x[1], x[2], in_c_);
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    if (x.rank() != 4 || x.dim(3) != in_c_)
      ref::fail("ResizeConv2D", fmt::format("{} for a filter of {} channels", x.str(), in_c_));
    if (x.dtype() == DType::kUInt8) {
      run_typed<uint8_t>(context, set_.vector.resize_bytes);
    } else {
      run_typed<float>(context, set_.vector.resize_floats);
    }
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return packed_.num_bytes() + factors_.num_bytes(); }
  size_t scratch_bytes(int threads) const override {
    // Pictures of all sizes need the same.
    return Scratch(describe(1)).bytes() * static_cast<size_t>(threads);
  }

 private:
  template <class T>
  void run_typed(RunContext& context, void (*resize)(const ResizeRow<T>&)) {
    const Tensor& x = context.input(0);
    const bool possible = can_resize(x.shape());
    if (possible) taps_.prepare(sampling(), x.dim(1), x.dim(2), in_c_);
    const Shared s = describe(x.dim(0));
    const WindowShape& w = s.window;
    const DType result = op_.result == DType::kInvalid ? DType::kFloat32 : op_.result;
    Tensor& out = context.output(0, result, output_shape(w));
    if (out.num_elements() == 0) return;
    if (!possible)
      ref::fail("ResizeConv2D", fmt::format("{} to {}x{}", x.str(), op_.height, op_.width));
    const size_t per_thread = Scratch(s).bytes();
    auto* scratch = static_cast<char*>(
        context.scratch(per_thread * static_cast<size_t>(context.pool().threads())));
    const int64_t row_macs = w.out_w * w.out_c * filter_.k();
    context.pool().parallel_for(
        w.batch * w.out_h, 200000 / row_macs + 1, [&](int64_t begin, int64_t end, int thread) {
          char* mine = scratch + per_thread * static_cast<size_t>(thread);
          RowMaker<T> maker(s, resize, filter_, clamp_of(op_.activation), mine);
          auto* results = reinterpret_cast<float*>(mine + per_thread - Scratch(s).results);
          const int64_t row = w.out_w * w.out_c;
          for (int64_t r = begin; r < end; ++r) {
            const T* picture = x.data<T>() + r / w.out_h * x.dim(1) * x.dim(2) * in_c_;
            float* to = result == DType::kFloat32 ? out.data<float>() + r * row : results;
            auto* rounded = out.data<char>() + r * row * static_cast<int64_t>(dtype_size(result));
            maker.run(picture, r % w.out_h, to, epilogue_.at(0), rounded);
            if (result == DType::kFloat32 || filter_.kernels().has_epilogue()) continue;
            set_.convert.epilogue(
                {results, w.out_w, w.out_c, w.out_c, epilogue_.at(0), rounded, w.out_c});
          }
        });
  }

  Sampling sampling() const {
    return {op_.height, op_.width, op_.align_corners, op_.half_pixel_centers,
            op_.scale,  op_.offset};
  }
  bool can_resize(const Shape& x) const {
    return x.num_elements() > 0 && fits_taps(sampling(), x[1], x[2], in_c_);
  }

  Shared describe(int64_t batch) const {
    Shared s{sampling(), {}, taps_, 0, 0};
    const Tensor resized =
        Tensor::view(DType::kFloat32, {batch, op_.height, op_.width, in_c_}, nullptr);
    s.window = window_shape("ResizeConv2D", op_, resized, kernel_h_, kernel_w_, filter_.n());
    s.left = s.window.pad_left * in_c_;
    const int64_t reach = (s.window.out_w - 1) * s.window.stride_w + kernel_w_;
    // One element more: a pixel of three channels is written as four.
    s.pitch = std::max(reach, s.window.pad_left + op_.width) * in_c_ + 1;
    return s;
  }

  const ResizeConv2D op_;
  const KernelSet& set_;
  int64_t kernel_h_ = 1;
  int64_t kernel_w_ = 1;
  int64_t in_c_ = 1;
  Tensor packed_;
  PackedMatrix filter_;
  Tensor factors_;
  ChannelEpilogue epilogue_;  // of a result that is not float32
  PictureTaps taps_;
};

// Where products are short and the set has kernels for those.
class ShortResizeConvKernel : public ResizeConvKernel {
 public:
  using ResizeConvKernel::ResizeConvKernel;
  static std::string can_run(const OpDesc& desc) {
    std::string why = ResizeConvKernel::can_run(desc);
    if (!why.empty()) return why;
    const Tensor& filter = *desc.inputs[1].constant;
    const DType result = std::get<ResizeConv2D>(desc.op).result;
    if (result == DType::kInvalid || result == DType::kFloat32) return "the result is float32";
    return filter.dim(0) * filter.dim(1) * filter.dim(2) > kShortLength ? "products are long" : "";
  }
};

}  // namespace

const KernelClass kShortResizeConv = kernel_class<ShortResizeConvKernel>();
const KernelClass kResizeConv = kernel_class<ResizeConvKernel>();

}  // namespace thaw::cpu
