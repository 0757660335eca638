// Vec and Mask over AVX-512: 16 floats. Included by *_avx512.cc alone, or into the namespace
// THAW_VEC_ISA by files with more instructions; vec_generic.h has the contract.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics start from a register that is undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <cstdint>

#ifndef THAW_VEC_ISA
#define THAW_VEC_ISA avx512
#endif

namespace thaw::cpu::THAW_VEC_ISA {

struct Mask {
  __mmask16 m;
};

struct Vec {
  static constexpr int kWidth = 16;
  __m512 v;

  static Vec zero() { return {_mm512_setzero_ps()}; }
  static Vec set(float x) { return {_mm512_set1_ps(x)}; }
  static Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Vec load_n(const float* p, int n) {
    return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << n) - 1), p)};
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store_n(float* p, int n) const {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << n) - 1), v);
  }
  static Vec from_u8(const uint8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))};
  }
  static Vec from_bf16(const uint16_t* p) {
    const __m512i wide =
        _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
  }
  static Vec from_f16(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  __m256i bf16_bits() const {
#if defined(__AVX512BF16__)
    const __m256bh narrow = _mm512_cvtneps_pbh(v);
    __m256i r;
    __builtin_memcpy(&r, &narrow, sizeof r);
    return r;
#else
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i high = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i rounded =
        _mm512_mask_or_epi32(_mm512_srli_epi32(sum, 16), nan, high, _mm512_set1_epi32(0x7fc0));
    return _mm512_cvtepi32_epi16(rounded);
#endif
  }
  __m256i f16_bits() const {
    return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  __m128i levels(int zero) const {
    const __m512i level = _mm512_add_epi32(_mm512_cvtps_epi32(v), _mm512_set1_epi32(zero));
    return _mm512_cvtepi32_epi8(_mm512_max_epi32(level, _mm512_setzero_si512()));
  }
  void to_bf16(uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), bf16_bits());
  }
  void to_f16(uint16_t* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), f16_bits()); }
  void to_u8(int zero, uint8_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), levels(zero));
  }
  // The first n, as store_n does.
  void to_bf16_n(uint16_t* p, int n) const {
    _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1U << n) - 1), bf16_bits());
  }
  void to_f16_n(uint16_t* p, int n) const {
    _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1U << n) - 1), f16_bits());
  }
  void to_u8_n(int zero, uint8_t* p, int n) const {
    _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1U << n) - 1), levels(zero));
  }
};

inline Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
inline Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
inline Vec sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
inline Vec abs(Vec a) { return {_mm512_abs_ps(a.v)}; }
inline Vec round_even(Vec a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Mask less(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask is_nan(Vec a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
inline Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_ps(m.m, b.v, a.v)}; }
inline Vec copysign(Vec a, Vec sign) {
  const __m512 bit = _mm512_set1_ps(-0.0F);
  return {_mm512_or_ps(_mm512_andnot_ps(bit, a.v), _mm512_and_ps(bit, sign.v))};
}
inline Vec pow2(Vec a) {
  const __m512i e = _mm512_add_epi32(_mm512_cvtps_epi32(a.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(e, 23))};
}
inline float sum(Vec a) { return _mm512_reduce_add_ps(a.v); }

// Four floats, for pixels of up to four channels.
struct Quad {
  __m128 v;

  static Quad set(float x) { return {_mm_set1_ps(x)}; }
  static Quad load(const float* p) { return {_mm_loadu_ps(p)}; }
  static Quad load(const uint8_t* p) {
    const __m128i bytes = _mm_loadu_si32(p);
    return {_mm_cvtepi32_ps(_mm_cvtepu8_epi32(bytes))};
  }
  void store(float* p) const { _mm_storeu_ps(p, v); }
};
inline Quad operator+(Quad a, Quad b) { return {_mm_add_ps(a.v, b.v)}; }
inline Quad operator-(Quad a, Quad b) { return {_mm_sub_ps(a.v, b.v)}; }
inline Quad operator*(Quad a, Quad b) { return {_mm_mul_ps(a.v, b.v)}; }

}  // namespace thaw::cpu::THAW_VEC_ISA
