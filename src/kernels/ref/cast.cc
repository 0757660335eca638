// Reference kernel of Cast. Numbers that the target can't hold become what x86 makes of them, as in
// TensorFlow: its conversion to a 32-bit or 64-bit integer gives the smallest one, and narrower
// types take the low bits of that.
#include <cmath>
#include <limits>

#include "base/half.h"
#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

float widen(Half h) { return half_to_float(h.bits); }
float widen(Brain b) { return bfloat16_to_float(b.bits); }
void narrow(float x, Half& to) { to.bits = float_to_half(x); }
void narrow(float x, Brain& to) { to.bits = float_to_bfloat16(x); }

template <class I>
I truncate(double x) {
  using Limits = std::numeric_limits<int64_t>;
  const bool wide = sizeof(I) == 8 || (sizeof(I) == 4 && std::is_unsigned_v<I>);
  const double bound = wide ? 9223372036854775808.0 : 2147483648.0;
  if (std::is_same_v<I, uint64_t> && x >= bound && x < 2 * bound)
    return static_cast<I>(static_cast<uint64_t>(x - bound) + (uint64_t{1} << 63));
  const bool fits = x > -bound - 1 && x < bound;  // the whole part does
  if (!fits)
    return wide ? static_cast<I>(Limits::min())
                : static_cast<I>(std::numeric_limits<int32_t>::min());
  return static_cast<I>(static_cast<int64_t>(x));
}

template <class T>
constexpr bool kIsSmallFloat = std::is_same_v<T, Half> || std::is_same_v<T, Brain>;

template <class From, class To>
To convert(From x) {
  if constexpr (kIsSmallFloat<From>) {
    return convert<float, To>(widen(x));
  } else if constexpr (kIsSmallFloat<To>) {
    To to{};
    narrow(static_cast<float>(x), to);
    return to;
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(static_cast<double>(x));
  } else {
    return static_cast<To>(x);
  }
}

template <class F>
void for_castable(DType dtype, F&& f) {
  if (dtype == DType::kFloat16) return f(TypeTag<Half>{});
  if (dtype == DType::kBFloat16) return f(TypeTag<Brain>{});
  if (dtype == DType::kBool) return f(TypeTag<bool>{});
  for_number("Cast", dtype, f);
}

}  // namespace

void run(const Cast& op, RunContext& context) {
  const Tensor& x = context.input(0);
  if (x.dtype() == op.dtype) return pass_on(context, 0, x.shape());
  Tensor& out = context.output(0, op.dtype, x.shape());
  for_castable(x.dtype(), [&](auto from_tag) {
    using From = typename decltype(from_tag)::type;
    for_castable(op.dtype, [&](auto to_tag) {
      using To = typename decltype(to_tag)::type;
      const From* from = x.data<From>();
      To* to = out.data<To>();
      for (int64_t i = 0; i < x.num_elements(); ++i) to[i] = convert<From, To>(from[i]);
    });
  });
}

}  // namespace thaw::ref
