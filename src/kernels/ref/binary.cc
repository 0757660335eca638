// Reference kernels of ops on two broadcast tensors, element by element.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

// Whole numbers wrap around as two's complement does.
template <class T, class Wrapped, class Plain>
T arithmetic(T a, T b, Wrapped wrapped, Plain plain) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(wrapped(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  else
    return plain(a, b);
}

template <class T>
T plus(T a, T b) {
  return arithmetic(
      a, b, [](auto x, auto y) { return x + y; }, [](auto x, auto y) { return x + y; });
}
template <class T>
T minus(T a, T b) {
  return arithmetic(
      a, b, [](auto x, auto y) { return x - y; }, [](auto x, auto y) { return x - y; });
}
template <class T>
T times(T a, T b) {
  return arithmetic(
      a, b, [](auto x, auto y) { return x * y; }, [](auto x, auto y) { return x * y; });
}

template <class T>
T quotient(T a, T b) {  // toward zero
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) fail("Div", "integer division by zero");
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return minus(T(0), a);
  }
  return static_cast<T>(a / b);
}

template <class T>
T remainder(T a, T b) {  // of the sign of a
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) fail("Mod", "integer division by zero");
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
    return static_cast<T>(a % b);
  } else {
    return std::fmod(a, b);
  }
}

template <class T>
T floor_quotient(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    const T q = quotient(a, b);
    return remainder(a, b) != 0 && (a < 0) != (b < 0) ? static_cast<T>(q - 1) : q;
  } else {
    return std::floor(a / b);
  }
}

template <class T>
T floor_remainder(T a, T b) {  // of the sign of b
  const T r = remainder(a, b);
  return r != 0 && (r < 0) != (b < 0) ? plus(r, b) : r;
}

template <class T>
T power(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b < 0) fail("Pow", "a whole number to a negative power");
    T result = 1;
    for (auto e = static_cast<uint64_t>(b); e != 0; e >>= 1) {
      if (e & 1) result = times(result, a);
      a = times(a, a);
    }
    return result;
  } else {
    return std::pow(a, b);
  }
}

template <class T>
T square(T a) {
  return times(a, a);
}

template <class T>
T (*number_function(BinaryKind kind))
(T, T) {
  switch (kind) {
    case BinaryKind::kAdd:
      return plus<T>;
    case BinaryKind::kSub:
      return minus<T>;
    case BinaryKind::kMul:
      return times<T>;
    case BinaryKind::kDiv:
      return quotient<T>;
    case BinaryKind::kFloorDiv:
      return floor_quotient<T>;
    case BinaryKind::kFloorMod:
      return floor_remainder<T>;
    case BinaryKind::kTruncateDiv:
      return [](T a, T b) {
        if constexpr (std::is_floating_point_v<T>) return std::trunc(a / b);
        return quotient(a, b);
      };
    case BinaryKind::kTruncateMod:
      return remainder<T>;
    case BinaryKind::kPow:
      return power<T>;
    case BinaryKind::kMaximum:  // NaN wins
      return [](T a, T b) { return a != a || a > b ? a : b; };
    case BinaryKind::kMinimum:
      return [](T a, T b) { return a != a || a < b ? a : b; };
    case BinaryKind::kSquaredDifference:
      return [](T a, T b) { return square(minus(a, b)); };
    case BinaryKind::kDivNoNan:
      return [](T a, T b) { return b == 0 ? T(0) : quotient(a, b); };
    case BinaryKind::kAtan2:
      if constexpr (std::is_floating_point_v<T>) return [](T a, T b) { return std::atan2(a, b); };
      return nullptr;
    default:
      return nullptr;
  }
}

template <class T>
bool (*comparison(BinaryKind kind))(const T&, const T&) {
  switch (kind) {
    case BinaryKind::kEqual:
      return [](const T& a, const T& b) { return a == b; };
    case BinaryKind::kNotEqual:
      return [](const T& a, const T& b) { return a != b; };
    case BinaryKind::kLess:
      return [](const T& a, const T& b) { return a < b; };
    case BinaryKind::kLessEqual:
      return [](const T& a, const T& b) { return a <= b; };
    case BinaryKind::kGreater:
      return [](const T& a, const T& b) { return a > b; };
    case BinaryKind::kGreaterEqual:
      return [](const T& a, const T& b) { return a >= b; };
    case BinaryKind::kLogicalAnd:
      return [](const T& a, const T& b) { return a != T{} && b != T{}; };
    case BinaryKind::kLogicalOr:
      return [](const T& a, const T& b) { return a != T{} || b != T{}; };
    default:
      return nullptr;
  }
}

// out[i] = f(a[i], b[i]), a and b broadcast to out.
template <class T, class R, class F>
void zip(const Tensor& a, const Tensor& b, F f, Tensor& out) {
  const Shape& shape = out.shape();
  const auto sa = broadcast_strides(a.shape(), shape);
  const auto sb = broadcast_strides(b.shape(), shape);
  const int inner = shape.rank() - 1;
  const size_t last = inner < 0 ? 0 : static_cast<size_t>(inner);
  const int64_t line = inner < 0 ? 1 : shape[inner];
  R* to = out.data<R>();
  for (int64_t i = 0; i < out.num_elements(); i += line) {
    int64_t rest = line > 0 ? i / line : 0;
    const T* pa = a.data<T>();
    const T* pb = b.data<T>();
    for (int d = inner - 1; d >= 0; --d) {
      pa += rest % shape[d] * sa[static_cast<size_t>(d)];
      pb += rest % shape[d] * sb[static_cast<size_t>(d)];
      rest /= shape[d];
    }
    for (int64_t k = 0; k < line; ++k) to[i + k] = f(pa[k * sa[last]], pb[k * sb[last]]);
  }
}

bool gives_bool(BinaryKind kind) {
  return kind >= BinaryKind::kEqual && kind <= BinaryKind::kLogicalOr;
}

void activate_all(Activation activation, Tensor& out) {
  if (activation == Activation::kNone) return;
  for_number("Binary", out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* p = out.data<T>();
    for (int64_t i = 0; i < out.num_elements(); ++i) {
      if (p[i] < 0) p[i] = 0;
      if (activation == Activation::kRelu6 && p[i] > 6) p[i] = 6;
    }
  });
}

}  // namespace

void run(const Binary& op, RunContext& context) {
  const Tensor& a = context.input(0);
  const Tensor& b = context.input(1);
  const char* name = enum_names(op.kind).names[static_cast<int>(op.kind)];
  if (a.dtype() != b.dtype())
    fail(name, fmt::format("{} and {} are of different types", a.str(), b.str()));
  const Shape shape = broadcast(name, a.shape(), b.shape());
  const bool logic = op.kind == BinaryKind::kLogicalAnd || op.kind == BinaryKind::kLogicalOr;
  if (logic != (a.dtype() == DType::kBool) && op.kind != BinaryKind::kEqual &&
      op.kind != BinaryKind::kNotEqual)
    fail_dtype(name, a.dtype());
  const auto compare = [&](auto tag) {
    using T = typename decltype(tag)::type;
    zip<T, bool>(a, b, comparison<T>(op.kind), context.output(0, DType::kBool, shape));
  };
  if (gives_bool(op.kind)) {
    if (a.dtype() == DType::kBool) return compare(TypeTag<bool>{});
    if (a.dtype() == DType::kString) return compare(TypeTag<std::string>{});
    return for_number(name, a.dtype(), compare);
  }
  if (a.dtype() == DType::kString && op.kind == BinaryKind::kAdd) {
    return zip<std::string, std::string>(
        a, b, [](const std::string& x, const std::string& y) { return x + y; },
        context.output(0, DType::kString, shape));
  }
  for_number(name, a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T (*f)(T, T) = number_function<T>(op.kind);
    if (!f) fail_dtype(name, a.dtype());
    Tensor& out = context.output(0, a.dtype(), shape);
    zip<T, T>(a, b, f, out);
    activate_all(op.activation, out);
  });
}

}  // namespace thaw::ref
