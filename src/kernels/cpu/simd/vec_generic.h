// The contract of Vec, and its plain form: 4 floats in the compiler's own vectors, whatever the
// processor. Each instruction set has a header like this one in a namespace of its own, because
// code compiled for one must never be merged with another's by the linker. Kernels are written
// once over Vec (*_impl.h) and call nothing of std::.
//
// min(a, b) is a < b ? a : b and max(a, b) is a > b ? a : b, lane by lane: b when either is NaN, so
// that min(hi, max(lo, x)) keeps a NaN x. fma may or may not round in between. load_n and store_n
// touch n elements only (0 <= n <= kWidth); load_n fills up with zeros. from_u8 reads kWidth bytes
// (16 with AVX-512, 8 with AVX2). pow2 takes whole numbers from -126 to 127. from_bf16, from_f16,
// to_bf16 and to_f16 read and write kWidth 16-bit numbers, rounding to nearest, ties to even. to_u8
// rounds so, adds `zero` and writes kWidth bytes: 0 for NaN; the caller keeps the sums in 0..255.
// Quad is a vector of four that also loads four bytes.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/half.h"

namespace thaw::cpu::generic {

using Lanes = float __attribute__((vector_size(16)));
using Bits = int32_t __attribute__((vector_size(16)));

struct Mask {
  Bits m;
};

struct Vec {
  static constexpr int kWidth = 4;
  Lanes v;

  static Vec zero() { return {Lanes{0, 0, 0, 0}}; }
  static Vec set(float x) { return {Lanes{x, x, x, x}}; }
  static Vec load(const float* p) {
    Vec r;
    __builtin_memcpy(&r.v, p, sizeof r.v);
    return r;
  }
  static Vec load(const uint8_t* p) { return from_u8(p); }
  static Vec load_n(const float* p, int n) {
    Vec r = zero();
    for (int i = 0; i < n; ++i) r.v[i] = p[i];
    return r;
  }
  void store(float* p) const { __builtin_memcpy(p, &v, sizeof v); }
  void store_n(float* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }
  static Vec from_u8(const uint8_t* p) {
    return {Lanes{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2]),
                  static_cast<float>(p[3])}};
  }
  static Vec from_bf16(const uint16_t* p) {
    return {Lanes{bfloat16_to_float(p[0]), bfloat16_to_float(p[1]), bfloat16_to_float(p[2]),
                  bfloat16_to_float(p[3])}};
  }
  static Vec from_f16(const uint16_t* p) {
    return {
        Lanes{half_to_float(p[0]), half_to_float(p[1]), half_to_float(p[2]), half_to_float(p[3])}};
  }
  void to_bf16(uint16_t* p) const {
    for (int i = 0; i < 4; ++i) p[i] = float_to_bfloat16(v[i]);
  }
  void to_f16(uint16_t* p) const {
    for (int i = 0; i < 4; ++i) p[i] = float_to_half(v[i]);
  }
  void to_u8(int zero, uint8_t* p) const {
    for (int i = 0; i < 4; ++i) {
      const float level = __builtin_nearbyintf(v[i]);
      p[i] = level == level ? static_cast<uint8_t>(static_cast<int>(level) + zero) : 0;
    }
  }
};

inline Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
inline Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
inline Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
inline Vec operator/(Vec a, Vec b) { return {a.v / b.v}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {a.v * b.v + c.v}; }
inline Mask less(Vec a, Vec b) { return {a.v < b.v}; }
inline Mask is_nan(Vec a) { return {a.v != a.v}; }
inline Vec select(Mask m, Vec a, Vec b) {
  return {reinterpret_cast<Lanes>((reinterpret_cast<Bits>(a.v) & m.m) |
                                  (reinterpret_cast<Bits>(b.v) & ~m.m))};
}
inline Vec min(Vec a, Vec b) { return select({a.v < b.v}, a, b); }
inline Vec max(Vec a, Vec b) { return select({a.v > b.v}, a, b); }
inline Vec sqrt(Vec a) {
  for (int i = 0; i < 4; ++i) a.v[i] = __builtin_sqrtf(a.v[i]);
  return a;
}
inline Vec abs(Vec a) {
  return {reinterpret_cast<Lanes>(reinterpret_cast<Bits>(a.v) & 0x7FFFFFFF)};
}
inline Vec round_even(Vec a) {
  // Adding 1.5 * 2^23 leaves no bits for a fraction; what is past 2^22 has none.
  const Vec big = Vec::set(12582912);
  return select(less(abs(a), Vec::set(4194304)), (a + big) - big, a);
}
inline Vec copysign(Vec a, Vec sign) {
  const Bits magnitude = reinterpret_cast<Bits>(a.v) & 0x7FFFFFFF;
  return {reinterpret_cast<Lanes>(magnitude | (reinterpret_cast<Bits>(sign.v) & INT32_MIN))};
}
inline Vec pow2(Vec a) {
  // NaN comes here too, with a result that doesn't matter.
  const Vec n = select(less(abs(a), Vec::set(128)), a, Vec::zero());
  return {reinterpret_cast<Lanes>((__builtin_convertvector(n.v, Bits) + 127) << 23)};
}
inline float sum(Vec a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }

// Four floats, for pixels of up to four channels.
using Quad = Vec;

}  // namespace thaw::cpu::generic
