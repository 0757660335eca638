// The 16-bit floating-point types as bits, to and from float32; rounding is to nearest, ties to
// even.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace thaw {

inline float float_of_bits(uint32_t bits) {
  float f = 0;
  std::memcpy(&f, &bits, sizeof(f));
  return f;
}

inline uint32_t bits_of_float(float f) {
  uint32_t bits = 0;
  std::memcpy(&bits, &f, sizeof(f));
  return bits;
}

// IEEE 754 binary16.
inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = half >> 10 & 31;
  const uint32_t fraction = half & 1023;
  if (exponent == 31) return float_of_bits(sign | 0x7f800000 | fraction << 13);
  if (exponent == 0)
    return float_of_bits(sign | bits_of_float(std::ldexp(static_cast<float>(fraction), -24)));
  return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

inline uint16_t float_to_half(float x) {
  // `value` shifted right by `shift` bits, to nearest, ties to even.
  const auto shift_round = [](uint32_t value, uint32_t shift) {
    const uint32_t kept = value >> shift;
    const uint32_t rest = value & ((1U << shift) - 1);
    const uint32_t half = 1U << (shift - 1);
    return kept + (rest > half || (rest == half && (kept & 1)) ? 1 : 0);
  };
  const uint32_t bits = bits_of_float(x);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  uint32_t half = 0;
  if (magnitude > 0x7f800000) {
    half = 0x7e00;
  } else if (magnitude >= 0x47800000) {  // 65536 and above
    half = 0x7c00;
  } else if (magnitude >= 0x38800000) {  // normal
    half = shift_round(magnitude - (112U << 23), 13);
  } else if (magnitude >= 0x33000000) {  // subnormal
    half = shift_round((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >> 23));
  }
  return static_cast<uint16_t>(sign | half);
}

// The upper half of a float32.
inline float bfloat16_to_float(uint16_t brain) {
  return float_of_bits(static_cast<uint32_t>(brain) << 16);
}

inline uint16_t float_to_bfloat16(float x) {
  const uint32_t bits = bits_of_float(x);
  return std::isnan(x) ? static_cast<uint16_t>((bits >> 16 & 0x8000) | 0x7fc0)
                       : static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace thaw
