// Reference kernels of ops on one tensor, element by element.
#include <cmath>
#include <limits>

#include "kernels/ref/copy.h"

namespace thaw::ref {
namespace {

// Whole numbers wrap around as two's complement does.
template <class T>
T negate(T x) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(uint64_t{0} - static_cast<uint64_t>(x));
  return static_cast<T>(-x);
}

template <class T>
T multiply(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  return static_cast<T>(a * b);
}

// To the nearest whole number, ties to the even one, whatever rounding the processor is set to.
template <class T>
T round_half_even(T x) {
  const T floor = std::floor(x);
  const T rest = x - floor;
  const bool up = rest > T(0.5) || (rest == T(0.5) && std::fmod(floor, T(2)) != 0);
  return std::copysign(up ? floor + 1 : floor, x);
}

template <class T>
T softplus(T x) {
  const T threshold = std::log(std::numeric_limits<T>::epsilon()) + T(2);
  if (x > -threshold) return x;
  if (x < threshold) return std::exp(x);
  return std::log1p(std::exp(x));
}

template <class T>
T selu(T x) {
  const T scale = T(1.0507009873554804934193349852946);
  const T scale_alpha = T(1.7580993408473768599402175208123);
  return x < 0 ? scale_alpha * std::expm1(x) : scale * x;
}

// Functions of every kind of number; nullptr when `kind` is none of these.
template <class T>
T (*number_function(UnaryKind kind))
(T) {
  switch (kind) {
    case UnaryKind::kAbs:
      return [](T x) { return std::signbit(static_cast<double>(x)) ? negate(x) : x; };
    case UnaryKind::kNeg:
      return [](T x) { return negate(x); };
    case UnaryKind::kSign:
      return [](T x) { return x != x ? x : static_cast<T>((x > 0) - (x < 0)); };
    case UnaryKind::kSquare:
      return [](T x) { return multiply(x, x); };
    case UnaryKind::kRelu:
      return [](T x) { return x < 0 ? T(0) : x; };  // NaN stays
    case UnaryKind::kRelu6:
      return [](T x) { return x < 0 ? T(0) : (x > 6 ? T(6) : x); };
    default:
      return nullptr;
  }
}

template <class T>
T (*float_function(UnaryKind kind))
(T) {
  switch (kind) {
    case UnaryKind::kExp:
      return [](T x) { return std::exp(x); };
    case UnaryKind::kExpm1:
      return [](T x) { return std::expm1(x); };
    case UnaryKind::kLog:
      return [](T x) { return std::log(x); };
    case UnaryKind::kLog1p:
      return [](T x) { return std::log1p(x); };
    case UnaryKind::kSqrt:
      return [](T x) { return std::sqrt(x); };
    case UnaryKind::kRsqrt:
      return [](T x) { return T(1) / std::sqrt(x); };
    case UnaryKind::kReciprocal:
      return [](T x) { return T(1) / x; };
    case UnaryKind::kSigmoid:
      return [](T x) { return T(1) / (T(1) + std::exp(-x)); };
    case UnaryKind::kTanh:
      return [](T x) { return std::tanh(x); };
    case UnaryKind::kElu:
      return [](T x) { return x < 0 ? std::expm1(x) : x; };
    case UnaryKind::kSelu:
      return selu<T>;
    case UnaryKind::kSoftplus:
      return softplus<T>;
    case UnaryKind::kSoftsign:
      return [](T x) { return x / (std::abs(x) + T(1)); };
    case UnaryKind::kErf:
      return [](T x) { return std::erf(x); };
    case UnaryKind::kRound:
    case UnaryKind::kRint:
      return round_half_even<T>;
    case UnaryKind::kFloor:
      return [](T x) { return std::floor(x); };
    case UnaryKind::kCeil:
      return [](T x) { return std::ceil(x); };
    default:
      return nullptr;
  }
}

template <class T>
bool (*predicate(UnaryKind kind))(T) {
  switch (kind) {
    case UnaryKind::kIsNan:
      return [](T x) { return std::isnan(x); };
    case UnaryKind::kIsInf:
      return [](T x) { return std::isinf(x); };
    case UnaryKind::kIsFinite:
      return [](T x) { return std::isfinite(x); };
    default:
      return nullptr;
  }
}

template <class T, class R>
void map(const Tensor& x, R (*f)(T), Tensor& out) {
  const T* from = x.data<T>();
  R* to = out.data<R>();
  for (int64_t i = 0; i < x.num_elements(); ++i) to[i] = f(from[i]);
}

void fill_ones(RunContext& context, const Tensor& x) {
  Tensor& out = context.output(0, x.dtype(), x.shape());
  if (x.dtype() == DType::kBool)
    return fill("OnesLike", out, Tensor::of<bool>(DType::kBool, {}, {true}));
  if (x.dtype() == DType::kFloat16 || x.dtype() == DType::kBFloat16) {
    const uint16_t one = x.dtype() == DType::kFloat16 ? 0x3C00 : 0x3F80;
    return fill("OnesLike", out, Tensor::of<uint16_t>(x.dtype(), {}, {one}));
  }
  for_number("OnesLike", x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    fill("OnesLike", out, Tensor::of<T>(x.dtype(), {}, {T(1)}));
  });
}

void run_numeric(UnaryKind kind, const char* name, RunContext& context, const Tensor& x) {
  const auto number = [&](auto tag) {
    using T = typename decltype(tag)::type;
    T (*f)(T) = number_function<T>(kind);
    if constexpr (std::is_floating_point_v<T>) {
      if (!f) f = float_function<T>(kind);
    } else if (kind == UnaryKind::kRound) {
      f = [](T v) { return v; };
    }
    if (!f) fail_dtype(name, x.dtype());
    map(x, f, context.output(0, x.dtype(), x.shape()));
  };
  for_number(name, x.dtype(), number);
}

}  // namespace

void run(const Unary& op, RunContext& context) {
  const Tensor& x = context.input(0);
  const char* name = enum_names(op.kind).names[static_cast<int>(op.kind)];
  switch (op.kind) {
    case UnaryKind::kZerosLike:
      return fill(name, context.output(0, x.dtype(), x.shape()), {});
    case UnaryKind::kOnesLike:
      return fill_ones(context, x);
    case UnaryKind::kLogicalNot:
      if (x.dtype() != DType::kBool) fail_dtype(name, x.dtype());
      return map<bool, bool>(
          x, [](bool v) { return !v; }, context.output(0, x.dtype(), x.shape()));
    case UnaryKind::kIsNan:
    case UnaryKind::kIsInf:
    case UnaryKind::kIsFinite:
      return for_float(name, x.dtype(), [&](auto tag) {
        using T = typename decltype(tag)::type;
        map(x, predicate<T>(op.kind), context.output(0, DType::kBool, x.shape()));
      });
    default:
      return run_numeric(op.kind, name, context, x);
  }
}

}  // namespace thaw::ref
