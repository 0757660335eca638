// Reference kernels of the convolutions. Sums are kept in double.
#include <fmt/core.h>

#include "kernels/ref/low_precision.h"
#include "kernels/ref/window.h"

namespace thaw::ref {

WindowAxis window_axis(const char* op, const Window& window, int axis, int64_t input,
                       int64_t kernel) {
  const auto a = static_cast<size_t>(axis);
  WindowAxis w{kernel, window.strides[a], window.dilations[a], 0, input, 0};
  const int64_t most = int64_t{1} << 40;
  if (kernel < 1 || w.stride < 1 || w.dilation < 1 || kernel > most / w.dilation)
    fail(op, fmt::format("a window of {} with stride {} and dilation {}", kernel, w.stride,
                         w.dilation));
  const int64_t span = (kernel - 1) * w.dilation + 1;
  int64_t after = 0;
  if (window.padding == Padding::kSame) {
    w.output = (input + w.stride - 1) / w.stride;
    w.before = std::max<int64_t>((w.output - 1) * w.stride + span - input, 0) / 2;
    return w;
  }
  if (window.padding == Padding::kExplicit) {
    w.before = window.pads[2 * a];
    after = window.pads[2 * a + 1];
    if (w.before < 0 || after < 0 || w.before > most || after > most)
      fail(op, fmt::format("paddings {} and {}", w.before, after));
  }
  w.output = count_windows(input + w.before + after, span, w.stride);
  if (w.output < 0)
    fail(op, fmt::format("a window of {} is larger than the input's {}", span, input));
  return w;
}

namespace {

struct ConvShapes {
  WindowAxis h;
  WindowAxis w;
  int64_t batch;
  int64_t in_channels;
  int64_t out_channels;
};

void check_inputs(const char* op, const RunContext& context, int64_t out_channels) {
  const Tensor& x = context.input(0);
  const Tensor& filter = context.input(1);
  if (x.dtype() != filter.dtype()) fail(op, fmt::format("{} and {}", x.str(), filter.str()));
  if (context.num_inputs() < 3) return;
  const Tensor& bias = context.input(2);
  if (bias.dtype() != x.dtype() || bias.rank() != 1 || bias.dim(0) != out_channels)
    fail(op, fmt::format("the bias is {} for {} channels", bias.str(), out_channels));
}

ConvShapes conv_shapes(const char* op, const Window& window, const RunContext& context,
                       bool depthwise) {
  const Tensor& x = context.input(0);
  const Tensor& filter = context.input(1);
  if (x.rank() != 4 || filter.rank() != 4)
    fail(op, fmt::format("{} and filter {} must have 4 dimensions", x.str(), filter.str()));
  const int64_t channels = x.dim(3);
  const int64_t in = filter.dim(2);
  const int64_t out = depthwise ? in * filter.dim(3) : filter.dim(3);
  const int64_t groups = in > 0 && channels % in == 0 ? channels / in : 0;
  if (depthwise ? channels != in : (groups < 1 || out % groups != 0))
    fail(op, fmt::format("{} does not suit the filter {}", x.str(), filter.str()));
  check_inputs(op, context, out);
  return {window_axis(op, window, 0, x.dim(1), filter.dim(0)),
          window_axis(op, window, 1, x.dim(2), filter.dim(1)), x.dim(0), channels, out};
}

// Calls f(batch, oy, ox, sums, out) for each output pixel; f adds to sums, which start at the bias.
template <class T, class F>
void for_each_pixel(const ConvShapes& s, const RunContext& context, Activation activation, T* out,
                    F&& add) {
  const T* bias = context.num_inputs() > 2 ? context.input(2).data<T>() : nullptr;
  std::vector<double> sums(static_cast<size_t>(s.out_channels));
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t oy = 0; oy < s.h.output; ++oy) {
      check_stop();
      for (int64_t ox = 0; ox < s.w.output; ++ox) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int64_t ky = 0; ky < s.h.kernel; ++ky)
          for (int64_t kx = 0; kx < s.w.kernel; ++kx) {
            const int64_t y = s.h.at(oy, ky);
            const int64_t x = s.w.at(ox, kx);
            if (s.h.inside(y) && s.w.inside(x))
              add(((b * s.h.input + y) * s.w.input + x) * s.in_channels, ky * s.w.kernel + kx,
                  sums.data());
          }
        for (size_t c = 0; c < sums.size(); ++c)
          *out++ = activate(static_cast<T>(sums[c] + (bias ? bias[c] : 0)), activation);
      }
    }
}

}  // namespace

void run(const Conv2D& op, RunContext& context) {
  if (is_low_precision(op, context)) return run_low_precision(op, context);
  const ConvShapes s = conv_shapes("Conv2D", op, context, false);
  const Tensor& x = context.input(0);
  const Tensor& filter = context.input(1);
  const int64_t group_in = filter.dim(2);
  const int64_t group_out = s.out_channels / std::max<int64_t>(s.in_channels / group_in, 1);
  for_float("Conv2D", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, x.dtype(), {s.batch, s.h.output, s.w.output, s.out_channels});
    const auto add = [&](int64_t pixel, int64_t tap, double* sums) {
      const T* in = x.data<T>() + pixel;
      const T* weights = filter.data<T>() + tap * group_in * s.out_channels;
      for (int64_t c = 0; c < s.in_channels; ++c) {
        const int64_t first = c / group_in * group_out;
        const T* row = weights + c % group_in * s.out_channels;
        const double v = in[c];
        for (int64_t o = first; o < first + group_out; ++o) sums[o] += v * row[o];
      }
    };
    for_each_pixel(s, context, op.activation, out.data<T>(), add);
  });
}

void run(const DepthwiseConv2D& op, RunContext& context) {
  if (is_low_precision(op, context)) return run_low_precision(op, context);
  const ConvShapes s = conv_shapes("DepthwiseConv2D", op, context, true);
  const Tensor& x = context.input(0);
  const Tensor& filter = context.input(1);
  const int64_t multiplier = filter.dim(3);
  for_float("DepthwiseConv2D", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, x.dtype(), {s.batch, s.h.output, s.w.output, s.out_channels});
    const auto add = [&](int64_t pixel, int64_t tap, double* sums) {
      const T* in = x.data<T>() + pixel;
      const T* weights = filter.data<T>() + tap * s.out_channels;
      for (int64_t o = 0; o < s.out_channels; ++o)
        sums[o] += static_cast<double>(in[o / multiplier]) * weights[o];
    };
    for_each_pixel(s, context, op.activation, out.data<T>(), add);
  });
}

}  // namespace thaw::ref
