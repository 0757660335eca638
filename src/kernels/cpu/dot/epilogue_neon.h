// From a tile's sums to the layer's results with NEON: included by the dot_*.cc of its levels into
// namespace THAW_ISA.
#pragma once

#include <arm_neon.h>

#include <cmath>
#include <cstdint>

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::THAW_ISA {

// Keeps the compiler from loading weights so early that sums lose their registers.
inline void load_no_earlier() { asm volatile("" ::: "memory"); }

// A pointer that the compiler makes no others of, for which there are no registers.
inline const char* one_pointer(const char* p) {
  asm("" : "+r"(p));
  return p;
}

// 16 columns.
using Reals = float32x4_t[4];

// The levels' bounds after `zero` is added: rounding keeps order, so they may be cut when rounded.
struct LevelBounds {
  uint8x16_t lo;
  uint8x16_t hi;
  int16x8_t zero;
  explicit LevelBounds(const Clamp& clamp, int zero_level)
      : lo(vdupq_n_u8(static_cast<uint8_t>(std::nearbyint(clamp.lo) + zero_level))),
        hi(vdupq_n_u8(static_cast<uint8_t>(std::nearbyint(clamp.hi) + zero_level))),
        zero(vdupq_n_s16(static_cast<int16_t>(zero_level))) {}
};

// NaN gives the zero's level.
inline uint8x16_t to_levels(const Reals& v, const LevelBounds& bounds) {
  const auto pair = [&](float32x4_t a, float32x4_t b) {
    const int16x8_t level = vqmovn_high_s32(vqmovn_s32(vcvtnq_s32_f32(a)), vcvtnq_s32_f32(b));
    return vqaddq_s16(level, bounds.zero);
  };
  const uint8x16_t level = vqmovun_high_s16(vqmovun_s16(pair(v[0], v[1])), pair(v[2], v[3]));
  return vminq_u8(vmaxq_u8(level, bounds.lo), bounds.hi);
}

// Bytes that are 0 where v is NaN, else 255.
inline uint8x16_t numbers(const Reals& v) {
  const auto pair = [](float32x4_t a, float32x4_t b) {
    return vmovn_high_u32(vmovn_u32(vceqq_f32(a, a)), vceqq_f32(b, b));
  };
  return vmovn_high_u16(vmovn_u16(pair(v[0], v[1])), pair(v[2], v[3]));
}

inline uint16x4_t to_bfloat16(float32x4_t v) {
#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
  return vreinterpret_u16_bf16(vcvt_bf16_f32(v));
#else
  const uint32x4_t bits = vreinterpretq_u32_f32(v);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t sum = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
  const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x7fc00000));
  return vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), sum, quiet), 16);
#endif
}

inline uint16x4_t to_float16(float32x4_t v) { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }

// What all rows of 16 columns share.
template <Element E>
struct ColumnEpilogue {
  Reals scale;
  Reals bias;
  int32x4_t correction[4];
  float32x4_t lo;
  float32x4_t hi;
  LevelBounds bounds;
  uint8x16_t number;  // of the biases

  ColumnEpilogue(const DotJob& job, int64_t column)
      : lo(vdupq_n_f32(job.epilogue.clamp.lo)),
        hi(vdupq_n_f32(job.epilogue.clamp.hi)),
        bounds(E == Element::kUInt8 ? job.epilogue.clamp : Clamp{0, 0}, job.epilogue.zero) {
    THAW_UNROLL
    for (int i = 0; i < 4; ++i) {
      scale[i] = vld1q_f32(job.epilogue.scale + column + 4 * i);
      bias[i] = vld1q_f32(job.epilogue.bias + column + 4 * i);
      correction[i] = vld1q_s32(job.correction + column + 4 * i);
    }
    number = numbers(bias);
  }

  float32x4_t real(const float* sums, int i) const {
    return vfmaq_f32(bias[i], vld1q_f32(sums + 4 * i), scale[i]);
  }
  float32x4_t real(const int32_t* sums, int i) const {
    const int32x4_t sum = vaddq_s32(vld1q_s32(sums + 4 * i), correction[i]);
    return vfmaq_f32(bias[i], vcvtq_f32_s32(sum), scale[i]);
  }
  static uint8x16_t number_of(const ColumnEpilogue& f, const int32_t*, const Reals&) {
    return f.number;
  }
  static uint8x16_t number_of(const ColumnEpilogue&, const float*, const Reals& v) {
    return numbers(v);
  }

  // 16 results at y.
  template <class Sum>
  void row(const Sum* sums, void* y) const {
    Reals v;
    THAW_UNROLL
    for (int i = 0; i < 4; ++i) v[i] = real(sums, i);
    if constexpr (E == Element::kUInt8) {
      vst1q_u8(static_cast<uint8_t*>(y), vandq_u8(to_levels(v, bounds), number_of(*this, sums, v)));
      return;
    }
    THAW_UNROLL
    for (int i = 0; i < 4; ++i) {
      v[i] = vminq_f32(vmaxq_f32(v[i], lo), hi);
      if constexpr (E == Element::kFloat32) {
        vst1q_f32(static_cast<float*>(y) + 4 * i, v[i]);
      } else {
        vst1_u16(static_cast<uint16_t*>(y) + 4 * i,
                 E == Element::kFloat16 ? to_float16(v[i]) : to_bfloat16(v[i]));
      }
    }
  }
};

template <Element E, class Sum>
inline void epilogue_as(const DotJob& job, const Sum* sums, int64_t rows, int64_t row,
                        int64_t column) {
  const ColumnEpilogue<E> epilogue(job, column);
  const int64_t size = bytes_of(E);
  char* y = static_cast<char*>(job.y) + (row * job.ldy + column) * size;
  const int64_t left = job.columns - column;
  for (int64_t r = 0; r < rows; ++r, sums += kDotWidth, y += job.ldy * size) {
    if (left >= kDotWidth) {
      epilogue.row(sums, y);
    } else {
      char part[kDotWidth * 4];
      epilogue.row(sums, part);
      __builtin_memcpy(y, part, static_cast<size_t>(left * size));
    }
  }
}

// The results of [rows][16] sums of a tile whose first row and column in the job are given.
template <class Sum>
inline void epilogue_tile(const DotJob& job, const Sum* sums, int64_t rows, int64_t row,
                          int64_t column) {
  switch (job.epilogue.result) {
    case Element::kFloat32:
      return epilogue_as<Element::kFloat32>(job, sums, rows, row, column);
    case Element::kFloat16:
      return epilogue_as<Element::kFloat16>(job, sums, rows, row, column);
    case Element::kBFloat16:
      return epilogue_as<Element::kBFloat16>(job, sums, rows, row, column);
    case Element::kUInt8:
      return epilogue_as<Element::kUInt8>(job, sums, rows, row, column);
  }
}

}  // namespace thaw::cpu::THAW_ISA
