// From a tile's sums to the layer's results with AVX-512: included by the dot_*.cc of its levels
// into namespace THAW_ISA.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics start from a register that is undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::THAW_ISA {

// Sums of a tile, `ld` elements of 32 bits from row to row: int32 for uint8 activations.
template <class Sum>
struct TileSums {
  const Sum* sums;
  int64_t ld;
  int64_t rows;
};

inline __m512 real_sums(const float* p, __m512i) { return _mm512_loadu_ps(p); }
inline __m512 real_sums(const int32_t* p, __m512i correction) {
  return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_loadu_si512(p), correction));
}

inline __m256i to_bfloat16(__m512 v) {
#if defined(__AVX512BF16__)
  const __m256bh narrow = _mm512_cvtneps_pbh(v);
  __m256i bits;
  __builtin_memcpy(&bits, &narrow, sizeof bits);
  return bits;
#else
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i high = _mm512_srli_epi32(bits, 16);
  const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(
      _mm512_mask_or_epi32(_mm512_srli_epi32(sum, 16), nan, high, _mm512_set1_epi32(0x7fc0)));
#endif
}

inline __m128i to_bytes(__m512 v, __m512i zero) {
  const __m512i level = _mm512_add_epi32(_mm512_cvtps_epi32(v), zero);
  return _mm512_cvtepi32_epi8(_mm512_max_epi32(level, _mm512_setzero_si512()));
}

// The vector's results at y + i, in elements; with Part only those of `mask`.
template <Element E, bool Part>
inline void store_results(__m512 v, __m512i zero, void* y, int64_t i, __mmask16 mask) {
  if constexpr (E == Element::kFloat32) {
    float* p = static_cast<float*>(y) + i;
    Part ? _mm512_mask_storeu_ps(p, mask, v) : _mm512_storeu_ps(p, v);
  } else if constexpr (E == Element::kUInt8) {
    uint8_t* p = static_cast<uint8_t*>(y) + i;
    const __m128i b = to_bytes(v, zero);
    Part ? _mm_mask_storeu_epi8(p, mask, b) : _mm_storeu_si128(reinterpret_cast<__m128i*>(p), b);
  } else {
    uint16_t* p = static_cast<uint16_t*>(y) + i;
    const __m256i h = E == Element::kBFloat16
                          ? to_bfloat16(v)
                          : _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    Part ? _mm256_mask_storeu_epi16(p, mask, h)
         : _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), h);
  }
}

// One vector of columns, from `column` of the matrix on, of all rows of a tile.
template <Element E, bool Part, class Sum>
inline void epilogue_vector(const DotJob& job, const TileSums<Sum>& tile, int64_t row,
                            int64_t column, __mmask16 mask) {
  const Epilogue& f = job.epilogue;
  const __m512 scale = _mm512_loadu_ps(f.scale + column);
  const __m512 bias = _mm512_loadu_ps(f.bias + column);
  const __m512i correction = _mm512_loadu_si512(job.correction + column);
  const __m512 lo = _mm512_set1_ps(f.clamp.lo);
  const __m512 hi = _mm512_set1_ps(f.clamp.hi);
  const __m512i zero = _mm512_set1_epi32(f.zero);
  const Sum* sums = tile.sums;
  int64_t out = row * job.ldy + column;
  for (int64_t r = 0; r < tile.rows; ++r, sums += tile.ld, out += job.ldy) {
    const __m512 real = _mm512_fmadd_ps(real_sums(sums, correction), scale, bias);
    const __m512 kept = _mm512_min_ps(hi, _mm512_max_ps(lo, real));
    store_results<E, Part>(kept, zero, job.y, out, mask);
  }
}

template <Element E, class Sum>
inline void epilogue_as(const DotJob& job, TileSums<Sum> tile, int64_t row, int64_t column,
                        int vectors) {
  for (int v = 0; v < vectors; ++v, column += kDotWidth, tile.sums += kDotWidth) {
    const int64_t left = job.columns - column;
    if (left >= kDotWidth) {
      epilogue_vector<E, false>(job, tile, row, column, 0xFFFF);
    } else {
      epilogue_vector<E, true>(job, tile, row, column, static_cast<__mmask16>((1U << left) - 1));
    }
  }
}

// The results of a tile whose first row and column in the job are given.
template <class Sum>
inline void epilogue_tile(const DotJob& job, const TileSums<Sum>& tile, int64_t row, int64_t column,
                          int vectors) {
  switch (job.epilogue.result) {
    case Element::kFloat32:
      return epilogue_as<Element::kFloat32>(job, tile, row, column, vectors);
    case Element::kFloat16:
      return epilogue_as<Element::kFloat16>(job, tile, row, column, vectors);
    case Element::kBFloat16:
      return epilogue_as<Element::kBFloat16>(job, tile, row, column, vectors);
    case Element::kUInt8:
      return epilogue_as<Element::kUInt8>(job, tile, row, column, vectors);
  }
}

}  // namespace thaw::cpu::THAW_ISA
