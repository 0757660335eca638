// Vec and Mask over NEON (AArch64): 4 floats. Included by *_neon.cc alone; vec_generic.h has the
// contract.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

namespace thaw::cpu::neon {

struct Mask {
  uint32x4_t m;
};

struct Vec {
  static constexpr int kWidth = 4;
  float32x4_t v;

  static Vec zero() { return {vdupq_n_f32(0)}; }
  static Vec set(float x) { return {vdupq_n_f32(x)}; }
  static Vec load(const float* p) { return {vld1q_f32(p)}; }
  static Vec load(const uint8_t* p) { return from_u8(p); }
  static Vec load_n(const float* p, int n) {
    float lanes[4] = {0, 0, 0, 0};
    for (int i = 0; i < n; ++i) lanes[i] = p[i];
    return {vld1q_f32(lanes)};
  }
  void store(float* p) const { vst1q_f32(p, v); }
  void store_n(float* p, int n) const {
    float lanes[4];
    vst1q_f32(lanes, v);
    for (int i = 0; i < n; ++i) p[i] = lanes[i];
  }
  static Vec from_u8(const uint8_t* p) {
    uint32_t bytes;
    std::memcpy(&bytes, p, 4);
    const uint16x8_t wide = vmovl_u8(vcreate_u8(bytes));
    return {vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)))};
  }
  static Vec from_bf16(const uint16_t* p) {
    return {vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16))};
  }
  static Vec from_f16(const uint16_t* p) {
    return {vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)))};
  }
  void to_bf16(uint16_t* p) const {
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    const uint32x4_t high = vshrq_n_u32(bits, 16);
    const uint32x4_t odd = vandq_u32(high, vdupq_n_u32(1));
    const uint32x4_t sum = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    const uint32x4_t quiet = vorrq_u32(high, vdupq_n_u32(0x7fc0));
    const uint32x4_t rounded = vbslq_u32(vceqq_f32(v, v), vshrq_n_u32(sum, 16), quiet);
    vst1_u16(p, vmovn_u32(rounded));
  }
  void to_f16(uint16_t* p) const { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v))); }
  void to_u8(int zero, uint8_t* p) const {
    const uint32x4_t number = vceqq_f32(v, v);  // NaN converts to 0 and must stay 0
    const int16x4_t level = vqmovn_s32(vaddq_s32(vcvtnq_s32_f32(v), vdupq_n_s32(zero)));
    const int16x4_t kept = vand_s16(level, vreinterpret_s16_u16(vmovn_u32(number)));
    const uint32_t bytes =
        vget_lane_u32(vreinterpret_u32_u8(vqmovun_s16(vcombine_s16(kept, kept))), 0);
    std::memcpy(p, &bytes, 4);
  }
};

inline Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {vdivq_f32(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
inline Vec min(Vec a, Vec b) { return {vbslq_f32(vcltq_f32(a.v, b.v), a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {vbslq_f32(vcgtq_f32(a.v, b.v), a.v, b.v)}; }
inline Vec sqrt(Vec a) { return {vsqrtq_f32(a.v)}; }
inline Vec abs(Vec a) { return {vabsq_f32(a.v)}; }
inline Vec round_even(Vec a) { return {vrndnq_f32(a.v)}; }
inline Mask less(Vec a, Vec b) { return {vcltq_f32(a.v, b.v)}; }
inline Mask is_nan(Vec a) { return {vmvnq_u32(vceqq_f32(a.v, a.v))}; }
inline Vec select(Mask m, Vec a, Vec b) { return {vbslq_f32(m.m, a.v, b.v)}; }
inline Vec copysign(Vec a, Vec sign) { return {vbslq_f32(vdupq_n_u32(0x80000000U), sign.v, a.v)}; }
inline Vec pow2(Vec a) {
  const int32x4_t e = vaddq_s32(vcvtnq_s32_f32(a.v), vdupq_n_s32(127));
  return {vreinterpretq_f32_s32(vshlq_n_s32(e, 23))};
}
inline float sum(Vec a) { return vaddvq_f32(a.v); }

// Four floats, for pixels of up to four channels.
using Quad = Vec;

}  // namespace thaw::cpu::neon
