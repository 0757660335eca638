// Reference kernels of network layers that are no convolutions.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/ref/window.h"

namespace thaw::ref {
namespace {

// Mean and variance of each of the last dimension's channels.
template <class T>
void batch_statistics(const Tensor& x, std::vector<double>& mean, std::vector<double>& variance) {
  const auto channels = static_cast<int64_t>(mean.size());
  const int64_t rows = x.num_elements() / std::max<int64_t>(channels, 1);
  const auto count = static_cast<double>(rows);
  for (int64_t i = 0; i < x.num_elements(); ++i)
    mean[static_cast<size_t>(i % channels)] += x.data<T>()[i] / count;
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    const auto c = static_cast<size_t>(i % channels);
    const double d = x.data<T>()[i] - mean[c];
    variance[c] += d * d / count;
  }
}

// Offsets of each of `shape`'s leading positions into a tensor whose own leading extents broadcast.
std::vector<int64_t> batch_offsets(const Shape& leading, const Shape& own) {
  const auto strides = broadcast_strides(own, leading);
  std::vector<int64_t> offsets(static_cast<size_t>(leading.num_elements()));
  for (size_t i = 0; i < offsets.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    for (int d = leading.rank() - 1; d >= 0; --d) {
      offsets[i] += rest % leading[d] * strides[static_cast<size_t>(d)];
      rest /= leading[d];
    }
  }
  return offsets;
}

Shape without_last_two(const Shape& shape) {
  Shape s = shape;
  s.erase(s.rank() - 1);
  s.erase(s.rank() - 1);
  return s;
}

struct Matrix {
  int64_t rows;
  int64_t columns;
  int64_t row_stride;
  int64_t column_stride;
};

Matrix matrix_of(const Shape& shape, bool transposed) {
  const int64_t r = shape[shape.rank() - 2];
  const int64_t c = shape[shape.rank() - 1];
  return transposed ? Matrix{c, r, 1, c} : Matrix{r, c, c, 1};
}

template <class T>
void multiply(const T* a, const Matrix& ma, const T* b, const Matrix& mb, const T* bias,
              Activation activation, T* out) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;
  for (int64_t i = 0; i < ma.rows; ++i) {
    check_stop();
    for (int64_t j = 0; j < mb.columns; ++j) {
      Sum sum = 0;
      for (int64_t k = 0; k < ma.columns; ++k)
        sum += static_cast<Sum>(a[i * ma.row_stride + k * ma.column_stride]) *
               static_cast<Sum>(b[k * mb.row_stride + j * mb.column_stride]);
      if (bias) sum += static_cast<Sum>(bias[j]);
      *out++ = activate(static_cast<T>(sum), activation);
    }
  }
}

template <class T>
void pool_pixel(const Pool& op, const T* x, int64_t channels, const WindowAxis& h,
                const WindowAxis& w, int64_t oy, int64_t ox, T* out) {
  for (int64_t c = 0; c < channels; ++c) {
    T largest = std::numeric_limits<T>::lowest();
    double sum = 0;
    int64_t count = 0;
    for (int64_t ky = 0; ky < h.kernel; ++ky)
      for (int64_t kx = 0; kx < w.kernel; ++kx) {
        const int64_t y = h.at(oy, ky);
        const int64_t z = w.at(ox, kx);
        if (!h.inside(y) || !w.inside(z)) continue;
        const T v = x[(y * w.input + z) * channels + c];
        largest = v > largest || v != v ? v : largest;
        sum += static_cast<double>(v);
        ++count;
      }
    out[c] = op.kind == PoolKind::kMax ? largest
             : count == 0              ? T(0)
                                       : static_cast<T>(sum / static_cast<double>(count));
  }
}

}  // namespace

void run(const BatchNorm& op, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() != 4) fail("BatchNorm", fmt::format("{} must have 4 dimensions", x.str()));
  const int64_t channels = x.shape().back();
  for (size_t i = 1; i < 5; ++i) {
    const Tensor& t = context.input(i);
    const bool unused = op.training && i > 2;
    if (!unused && (t.dtype() != x.dtype() || t.rank() != 1 || t.dim(0) != channels))
      fail("BatchNorm", fmt::format("input {} is {} for {} channels", i, t.str(), channels));
  }
  for_float("BatchNorm", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, x.dtype(), x.shape());
    std::vector<double> mean(static_cast<size_t>(channels));
    std::vector<double> variance(static_cast<size_t>(channels));
    if (op.training) {
      batch_statistics<T>(x, mean, variance);
    } else {
      std::copy_n(context.input(3).data<T>(), channels, mean.begin());
      std::copy_n(context.input(4).data<T>(), channels, variance.begin());
    }
    const T* scale = context.input(1).data<T>();
    const T* offset = context.input(2).data<T>();
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const auto c = static_cast<size_t>(i % channels);
      const T factor =
          scale[c] / std::sqrt(static_cast<T>(variance[c]) + static_cast<T>(op.epsilon));
      out.data<T>()[i] = (x.data<T>()[i] - static_cast<T>(mean[c])) * factor + offset[c];
    }
  });
}

void run(const MatMul& op, RunContext& context) {
  const Tensor& a = context.input(0);
  const Tensor& b = context.input(1);
  if (a.rank() < 2 || b.rank() < 2 || a.dtype() != b.dtype())
    fail("MatMul", fmt::format("{} and {}", a.str(), b.str()));
  const Matrix ma = matrix_of(a.shape(), op.transpose_a);
  const Matrix mb = matrix_of(b.shape(), op.transpose_b);
  if (ma.columns != mb.rows)
    fail("MatMul",
         fmt::format("{} columns of {} meet {} rows of {}", ma.columns, a.str(), mb.rows, b.str()));
  const Shape lead_a = without_last_two(a.shape());
  const Shape lead_b = without_last_two(b.shape());
  const Shape leading = broadcast("MatMul", lead_a, lead_b);
  const bool has_bias = context.num_inputs() > 2;
  if (has_bias &&
      (context.input(2).dtype() != a.dtype() || context.input(2).num_elements() != mb.columns))
    fail("MatMul",
         fmt::format("the bias is {} for {} columns", context.input(2).str(), mb.columns));
  Shape shape = leading;
  shape.push_back(ma.rows);
  shape.push_back(mb.columns);
  for_number("MatMul", a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, a.dtype(), shape);
    if (out.num_elements() == 0) return;
    const std::vector<int64_t> at_a = batch_offsets(leading, lead_a);
    const std::vector<int64_t> at_b = batch_offsets(leading, lead_b);
    const T* bias = has_bias ? context.input(2).data<T>() : nullptr;
    for (size_t i = 0; i < at_a.size(); ++i)
      multiply(a.data<T>() + at_a[i] * ma.rows * ma.columns, ma,
               b.data<T>() + at_b[i] * mb.rows * mb.columns, mb, bias, op.activation,
               out.data<T>() + static_cast<int64_t>(i) * ma.rows * mb.columns);
  });
}

void run(const Pool& op, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() != 4) fail("Pool", fmt::format("{} must have 4 dimensions", x.str()));
  const WindowAxis h = window_axis("Pool", op, 0, x.dim(1), op.window[0]);
  const WindowAxis w = window_axis("Pool", op, 1, x.dim(2), op.window[1]);
  const int64_t channels = x.dim(3);
  const auto pool = [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* out =
        context.output(0, x.dtype(), {x.dim(0), h.output, w.output, channels}).template data<T>();
    for (int64_t b = 0; b < x.dim(0); ++b)
      for (int64_t oy = 0; oy < h.output; ++oy) {
        check_stop();
        for (int64_t ox = 0; ox < w.output; ++ox, out += channels)
          pool_pixel(op, x.data<T>() + b * h.input * w.input * channels, channels, h, w, oy, ox,
                     out);
      }
  };
  if (op.kind == PoolKind::kAverage) return for_float("Pool", x.dtype(), pool);
  for_number("Pool", x.dtype(), pool);
}

void run(const Softmax& op, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() < 1) fail("Softmax", "a scalar input");
  const int64_t n = x.shape().back();
  for_float("Softmax", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, x.dtype(), x.shape());
    for (int64_t start = 0; start < x.num_elements(); start += n) {
      const T* in = x.data<T>() + start;
      T* to = out.data<T>() + start;
      T largest = in[0];
      for (int64_t i = 1; i < n; ++i) largest = in[i] > largest ? in[i] : largest;
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += std::exp(in[i] - largest);
      const T total = static_cast<T>(sum);
      const T log_total = std::log(total);
      for (int64_t i = 0; i < n; ++i)
        to[i] = op.log ? in[i] - largest - log_total : std::exp(in[i] - largest) / total;
    }
  });
}

void run(const LocalResponseNorm& op, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() != 4) fail("LocalResponseNorm", fmt::format("{} must have 4 dimensions", x.str()));
  const int64_t n = x.dim(3);
  const int64_t radius = std::clamp<int64_t>(op.depth_radius, 0, n);
  for_float("LocalResponseNorm", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, x.dtype(), x.shape());
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const int64_t c = i % n;
      double sum = 0;
      for (int64_t k = std::max<int64_t>(c - radius, 0); k <= std::min(c + radius, n - 1); ++k) {
        const double v = x.data<T>()[i - c + k];
        sum += v * v;
      }
      out.data<T>()[i] =
          static_cast<T>(x.data<T>()[i] * std::pow(op.bias + op.alpha * sum, -op.beta));
    }
  });
}

}  // namespace thaw::ref
