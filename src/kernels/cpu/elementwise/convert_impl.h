// Activations of few bits to and from float32, over Vec: included by convert_<isa>.cc after its
// vec_<isa>.h, into namespace THAW_ISA.
#pragma once

#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu::THAW_ISA {

// How one type's vectors are read and written.
template <Element E>
struct Access;

template <>
struct Access<Element::kFloat32> {
  using Type = float;
  static Vec load(const float* p, Vec) { return Vec::load(p); }
  static void store(Vec v, int, float* p) { v.store(p); }
};
template <>
struct Access<Element::kFloat16> {
  using Type = uint16_t;
  static Vec load(const uint16_t* p, Vec) { return Vec::from_f16(p); }
  static void store(Vec v, int, uint16_t* p) { v.to_f16(p); }
};
template <>
struct Access<Element::kBFloat16> {
  using Type = uint16_t;
  static Vec load(const uint16_t* p, Vec) { return Vec::from_bf16(p); }
  static void store(Vec v, int, uint16_t* p) { v.to_bf16(p); }
};
template <>
struct Access<Element::kUInt8> {
  using Type = uint8_t;
  static Vec load(const uint8_t* p, Vec zero) { return Vec::from_u8(p) - zero; }
  static void store(Vec v, int zero, uint8_t* p) { v.to_u8(zero, p); }
};

// The first n elements of a vector that may end the tensor.
template <Element E>
inline Vec load_part(const typename Access<E>::Type* p, Vec zero, int n) {
  typename Access<E>::Type lanes[Vec::kWidth] = {};
  __builtin_memcpy(lanes, p, static_cast<size_t>(n) * sizeof(*p));
  return Access<E>::load(lanes, zero);
}
template <Element E>
inline void store_part(Vec v, int zero, typename Access<E>::Type* p, int n) {
#if defined(__AVX512BW__)
  if constexpr (E == Element::kFloat32) {
    v.store_n(p, n);
  } else if constexpr (E == Element::kFloat16) {
    v.to_f16_n(p, n);
  } else if constexpr (E == Element::kBFloat16) {
    v.to_bf16_n(p, n);
  } else {
    v.to_u8_n(zero, p, n);
  }
#else
  typename Access<E>::Type lanes[Vec::kWidth];
  Access<E>::store(v, zero, lanes);
  __builtin_memcpy(p, lanes, static_cast<size_t>(n) * sizeof(*p));
#endif
}

template <Element E>
void widen_as(const WidenJob& job) {
  const auto* x = static_cast<const typename Access<E>::Type*>(job.x);
  const Vec zero = Vec::set(job.zero);
  const bool together = job.ldx == job.n;
  const int64_t rows = together ? 1 : job.rows;
  const int64_t n = together ? job.rows * job.n : job.n;
  float* y = job.y;
  for (int64_t r = 0; r < rows; ++r, x += job.ldx, y += n) {
    int64_t j = 0;
    for (; j + Vec::kWidth <= n; j += Vec::kWidth) Access<E>::load(x + j, zero).store(y + j);
    const int left = static_cast<int>(n - j);
    if (left > 0) load_part<E>(x + j, zero, left).store_n(y + j, left);
  }
}

inline void widen(const WidenJob& job) {
  switch (job.type) {
    case Element::kFloat32:
      return widen_as<Element::kFloat32>(job);
    case Element::kFloat16:
      return widen_as<Element::kFloat16>(job);
    case Element::kBFloat16:
      return widen_as<Element::kBFloat16>(job);
    case Element::kUInt8:
      return widen_as<Element::kUInt8>(job);
  }
}

template <Element E>
void epilogue_as(const EpilogueJob& job) {
  const Epilogue& f = job.epilogue;
  const Vec lo = Vec::set(f.clamp.lo);
  const Vec hi = Vec::set(f.clamp.hi);
  const auto result = [&](Vec sum, Vec scale, Vec bias) {
    return min(hi, max(lo, fma(sum, scale, bias)));
  };
  // Down the rows, so that the channels' constants stay in registers.
  auto* y = static_cast<typename Access<E>::Type*>(job.y);
  int64_t j = 0;
  for (; j + Vec::kWidth <= job.n; j += Vec::kWidth) {
    const Vec scale = Vec::load(f.scale + j);
    const Vec bias = Vec::load(f.bias + j);
    for (int64_t r = 0; r < job.rows; ++r)
      Access<E>::store(result(Vec::load(job.sums + r * job.ld + j), scale, bias), f.zero,
                       y + r * job.ldy + j);
  }
  const int left = static_cast<int>(job.n - j);
  if (left == 0) return;
  const Vec scale = Vec::load_n(f.scale + j, left);
  const Vec bias = Vec::load_n(f.bias + j, left);
  for (int64_t r = 0; r < job.rows; ++r)
    store_part<E>(result(Vec::load_n(job.sums + r * job.ld + j, left), scale, bias), f.zero,
                  y + r * job.ldy + j, left);
}

inline void epilogue(const EpilogueJob& job) {
  switch (job.epilogue.result) {
    case Element::kFloat32:
      return epilogue_as<Element::kFloat32>(job);
    case Element::kFloat16:
      return epilogue_as<Element::kFloat16>(job);
    case Element::kBFloat16:
      return epilogue_as<Element::kBFloat16>(job);
    case Element::kUInt8:
      return epilogue_as<Element::kUInt8>(job);
  }
}

inline void quantize(const QuantizeJob& job) {
  const Vec scale = Vec::set(job.scale);
  const Vec lo = Vec::set(job.clamp.lo);
  const Vec hi = Vec::set(job.clamp.hi);
  const auto level = [&](Vec x) { return min(hi, max(lo, x / scale)); };
  int64_t i = 0;
  for (; i + Vec::kWidth <= job.n; i += Vec::kWidth)
    level(Vec::load(job.x + i)).to_u8(job.zero, job.y + i);
  const int left = static_cast<int>(job.n - i);
  if (left > 0)
    store_part<Element::kUInt8>(level(Vec::load_n(job.x + i, left)), job.zero, job.y + i, left);
}

}  // namespace thaw::cpu::THAW_ISA
