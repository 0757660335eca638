// Reference kernels of ops that make few elements of many. Sums of floats are kept in double.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

// Which dimensions go, and where element i of the input goes in the output.
struct Reduction {
  Shape shape;                                     // of the result
  int64_t count = 1;                               // elements that become one
  std::array<int64_t, Shape::kMaxRank> strides{};  // 0 along what goes

  int64_t target(const Shape& in, int64_t i) const {
    int64_t at = 0;
    for (int d = in.rank() - 1; d >= 0; --d) {
      at += i % in[d] * strides[static_cast<size_t>(d)];
      i /= in[d];
    }
    return at;
  }
};

Reduction reduction_of(const Reduce& op, const char* name, const RunContext& context) {
  const Shape& in = context.input(0).shape();
  std::array<bool, Shape::kMaxRank> goes{};
  if (op.kind == ReduceKind::kL2Loss) {
    goes.fill(true);
  } else {
    // Axes of any shape, as TensorFlow takes them.
    if (!is_integer(context.input(1).dtype()))
      fail(name, fmt::format("the axes must be integers, got {}", context.input(1).str()));
    for (int64_t a : context.input(1).ints()) {
      const int axis = normalize_axis(name, a, in.rank());
      if (goes[static_cast<size_t>(axis)]) fail(name, fmt::format("axis {} comes twice", axis));
      goes[static_cast<size_t>(axis)] = true;
    }
  }
  Reduction r;
  Shape kept = in;
  for (int d = 0; d < in.rank(); ++d) {
    const bool go = goes[static_cast<size_t>(d)];
    if (go) {
      kept[d] = 1;
      r.count *= in[d];
    }
    if (!go) r.shape.push_back(in[d]);
    if (go && op.keep_dims) r.shape.push_back(1);
  }
  r.strides = broadcast_strides(kept, kept);
  return r;
}

template <class Sum>
Sum first_of(ReduceKind kind) {
  using Limits = std::numeric_limits<Sum>;
  switch (kind) {
    case ReduceKind::kProd:
    case ReduceKind::kAll:
      return 1;
    case ReduceKind::kMax:
      return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    case ReduceKind::kMin:
      return Limits::has_infinity ? Limits::infinity() : Limits::max();
    default:
      return 0;
  }
}

template <class Sum>
Sum combine(ReduceKind kind, Sum a, Sum b) {
  switch (kind) {
    case ReduceKind::kProd:
      return a * b;
    case ReduceKind::kMax:  // NaN wins
      return a != a || a > b ? a : b;
    case ReduceKind::kMin:
      return a != a || a < b ? a : b;
    case ReduceKind::kAll:
      return a != 0 && b != 0;
    case ReduceKind::kAny:
      return a != 0 || b != 0;
    case ReduceKind::kL2Loss:
      return a + b * b;
    default:
      return a + b;
  }
}

template <class T, class Sum>
T finish(ReduceKind kind, Sum sum, int64_t count) {
  if (kind == ReduceKind::kL2Loss) return static_cast<T>(sum / 2);
  if (kind != ReduceKind::kMean) return static_cast<T>(sum);
  if constexpr (std::is_integral_v<T>) {
    return count == 0 ? T(0) : static_cast<T>(sum / static_cast<Sum>(count));
  } else {
    return static_cast<T>(sum / static_cast<double>(count));
  }
}

// Sums of whole numbers wrap around, as TensorFlow's do, those of a mean in 64 bits; comparisons
// keep the sign.
template <class T>
using SumOf = std::conditional_t<std::is_floating_point_v<T>, double,
                                 std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

template <class T>
void reduce(const Reduce& op, const Reduction& r, const Tensor& x, Tensor& out) {
  using Sum = SumOf<T>;
  std::vector<Sum> sums(static_cast<size_t>(out.num_elements()), first_of<Sum>(op.kind));
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    Sum& sum = sums[static_cast<size_t>(r.target(x.shape(), i))];
    const auto v = static_cast<Sum>(x.data<T>()[i]);
    if constexpr (std::is_integral_v<T>) {
      const bool wraps = op.kind == ReduceKind::kSum || op.kind == ReduceKind::kMean ||
                         op.kind == ReduceKind::kProd;
      if (wraps) {
        sum = static_cast<Sum>(
            combine<uint64_t>(op.kind, static_cast<uint64_t>(sum), static_cast<uint64_t>(v)));
        continue;
      }
    }
    sum = combine<Sum>(op.kind, sum, v);
  }
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    if constexpr (std::is_integral_v<T>) {
      const bool empty = r.count == 0;
      if (empty && op.kind == ReduceKind::kMax) {
        out.data<T>()[i] = std::numeric_limits<T>::lowest();
        continue;
      }
      if (empty && op.kind == ReduceKind::kMin) {
        out.data<T>()[i] = std::numeric_limits<T>::max();
        continue;
      }
    }
    out.data<T>()[i] = finish<T>(op.kind, sums[static_cast<size_t>(i)], r.count);
  }
}

// A tensor seen as [outer, n, inner] around one axis.
struct Lines {
  int64_t outer;
  int64_t n;
  int64_t inner;
};

Lines lines_of(const Shape& shape, int axis) {
  return {product(shape, 0, axis), shape[axis], product(shape, axis + 1, shape.rank())};
}

// NaN is passed over, and the first is taken where nothing is better than the worst finite number.
template <class T>
int64_t arg_best(const T* x, const Lines& lines, bool smallest) {
  int64_t at = 0;
  T best = smallest ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
  for (int64_t i = 0; i < lines.n; ++i) {
    const T v = x[i * lines.inner];
    if (!(smallest ? v < best : v > best)) continue;
    best = v;
    at = i;
  }
  return at;
}

}  // namespace

void run(const Reduce& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const char* name = enum_names(op.kind).names[static_cast<int>(op.kind)];
  const Reduction r = reduction_of(op, name, context);
  const auto work = [&](auto tag) {
    using T = typename decltype(tag)::type;
    reduce<T>(op, r, x, context.output(0, x.dtype(), r.shape));
  };
  if (op.kind == ReduceKind::kAll || op.kind == ReduceKind::kAny) {
    if (x.dtype() != DType::kBool) fail_dtype(name, x.dtype());
    return work(TypeTag<uint8_t>{});
  }
  if (op.kind == ReduceKind::kL2Loss) return for_float(name, x.dtype(), work);
  for_number(name, x.dtype(), work);
}

void run(const ArgReduce& op, RunContext& context) {
  const char* name = op.smallest ? "ArgMin" : "ArgMax";
  const Tensor& x = context.input(0);
  const int axis = normalize_axis(name, scalar_int(name, context.input(1), "the axis"), x.rank());
  Shape shape = x.shape();
  shape.erase(axis);
  const Lines lines = lines_of(x.shape(), axis);
  if (lines.n == 0 && shape.num_elements() > 0)
    fail(name, fmt::format("axis {} of {} is empty", axis, x.str()));
  if (op.dtype != DType::kInt64 && op.dtype != DType::kInt32) fail_dtype(name, op.dtype);
  const auto work = [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& out = context.output(0, op.dtype, shape);
    for (int64_t i = 0; i < out.num_elements(); ++i) {
      const T* line = x.data<T>() + i / lines.inner * lines.n * lines.inner + i % lines.inner;
      const int64_t best = arg_best(line, lines, op.smallest);
      if (op.dtype == DType::kInt64) {
        out.data<int64_t>()[i] = best;
      } else {
        out.data<int32_t>()[i] = static_cast<int32_t>(best);
      }
    }
  };
  if (x.dtype() == DType::kBool) return work(TypeTag<uint8_t>{});
  for_number(name, x.dtype(), work);
}

void run(const Cumsum& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const int axis =
      normalize_axis("Cumsum", scalar_int("Cumsum", context.input(1), "the axis"), x.rank());
  const Lines lines = lines_of(x.shape(), axis);
  for_number("Cumsum", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
    Tensor& out = context.output(0, x.dtype(), x.shape());
    for (int64_t line = 0; line < lines.outer * lines.inner; ++line) {
      const int64_t start = line / lines.inner * lines.n * lines.inner + line % lines.inner;
      Sum sum = 0;
      for (int64_t k = 0; k < lines.n; ++k) {
        const int64_t at = start + (op.reverse ? lines.n - 1 - k : k) * lines.inner;
        const Sum before = sum;
        sum += static_cast<Sum>(x.data<T>()[at]);
        out.data<T>()[at] = static_cast<T>(op.exclusive ? before : sum);
      }
    }
  });
}

void run(const TopK& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const int64_t k = scalar_int("TopK", context.input(1), "k");
  if (context.input(1).rank() != 0 || x.rank() < 1 || k < 0 || k > x.shape().back())
    fail("TopK", fmt::format("the {} largest of {}", k, x.str()));
  const int64_t n = x.shape().back();
  Shape shape = x.shape();
  shape[shape.rank() - 1] = k;
  if (op.index_dtype != DType::kInt32 && op.index_dtype != DType::kInt64)
    fail_dtype("TopK", op.index_dtype);
  for_number("TopK", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    Tensor& values = context.output(0, x.dtype(), shape);
    Tensor& indices = context.output(1, op.index_dtype, shape);
    std::vector<int64_t> order(static_cast<size_t>(n));
    for (int64_t i = 0; i < values.num_elements(); i += k) {
      const T* line = x.data<T>() + i / k * n;
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [line](int64_t a, int64_t b) {
        return line[a] > line[b] || (line[a] == line[a] && line[b] != line[b]);  // NaN last
      });
      for (int64_t j = 0; j < k; ++j) {
        const int64_t from = order[static_cast<size_t>(j)];
        values.data<T>()[i + j] = line[from];
        if (op.index_dtype == DType::kInt64) {
          indices.data<int64_t>()[i + j] = from;
        } else {
          indices.data<int32_t>()[i + j] = static_cast<int32_t>(from);
        }
      }
    }
  });
}

void run(const Where&, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() == 0) fail("Where", "a scalar has no coordinates");
  const auto work = [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = x.data<T>();
    int64_t count = 0;
    for (int64_t i = 0; i < x.num_elements(); ++i) count += from[i] != T(0);
    int64_t* to = context.output(0, DType::kInt64, {count, x.rank()}).template data<int64_t>();
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      if (from[i] == T(0)) continue;
      int64_t rest = i;
      for (int d = x.rank() - 1; d >= 0; --d) {
        to[d] = rest % x.dim(d);
        rest /= x.dim(d);
      }
      to += x.rank();
    }
  };
  if (x.dtype() == DType::kBool) return work(TypeTag<uint8_t>{});
  for_number("Where", x.dtype(), work);
}

}  // namespace thaw::ref
