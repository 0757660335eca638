#include <algorithm>

#include "kernels/cpu/simd/vec_avx512.h"
#define THAW_ISA avx512
#include "kernels/cpu/elementwise/vector_impl.h"

namespace thaw::cpu::avx512 {
namespace {

// Four pixels of three channels: each 128-bit lane has 16 bytes from a left pixel on.
inline __m512i load_pixels(const uint8_t* row, const ResizeTap* taps) {
  const auto at = [&](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + taps[i].left));
  };
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(at(0)), at(1), 1);
  const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(at(2)), at(3), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// Bytes 0, 1, 2 of each lane widened, and bytes 3, 4, 5: the left pixels and their neighbours.
inline Vec widen(__m512i pixels, __m512i order) {
  return {_mm512_cvtepi32_ps(_mm512_shuffle_epi8(pixels, order))};
}

inline Vec across(const uint8_t* row, const ResizeTap* taps, Vec weight) {
  const __m512i left = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1));
  const __m512i right = _mm512_broadcast_i32x4(
      _mm_setr_epi8(3, -1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1));
  const __m512i pixels = load_pixels(row, taps);
  return lerp(widen(pixels, left), widen(pixels, right), weight);
}

inline Vec weights_of(const ResizeTap* taps) {
  const auto at = [&](int i) { return _mm_set1_ps(taps[i].weight); };
  const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(at(0)), at(1), 1);
  const __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(at(2)), at(3), 1);
  return {_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1)};
}

// The same steps as resize_row's, four pixels at a time where they are paired.
void resize_bytes(const ResizeRow<uint8_t>& job) {
  constexpr int64_t kPixels = 4;
  constexpr int64_t kChannels = 3;
  const int64_t count = (job.paired.end - job.paired.begin) / kPixels * kPixels;
  if (job.channels != kChannels || count == 0) return resize_row(job);
  ResizeRow<uint8_t> rest = job;
  rest.columns = job.paired.begin;
  rest.safe_columns = std::min(job.safe_columns, rest.columns);
  resize_row(rest);
  const int64_t end = job.paired.begin + count;
  const Vec y = Vec::set(job.weight);
  const Vec scale = Vec::set(job.scale);
  const Vec offset = Vec::set(job.offset);
  for (int64_t i = job.paired.begin; i < end; i += kPixels) {
    const ResizeTap* taps = job.taps + i;
    const Vec x = weights_of(taps);
    const Vec mixed = lerp(across(job.top, taps, x), across(job.bottom, taps, x), y);
    const Vec result = mixed * scale + offset;
    Vec{_mm512_maskz_compress_ps(0x7777, result.v)}.store_n(job.out + i * kChannels,
                                                            kPixels * kChannels);
  }
  rest.taps = job.taps + end;
  rest.columns = job.columns - end;
  rest.safe_columns = std::max<int64_t>(job.safe_columns - end, 0);
  rest.out = job.out + end * kChannels;
  resize_row(rest);
}

constexpr VectorKernels with_wide_resize(VectorKernels kernels) {
  kernels.resize_bytes = resize_bytes;
  return kernels;
}

}  // namespace

extern const VectorKernels kVectorKernels;
const VectorKernels kVectorKernels = with_wide_resize(make_vector_kernels());

}  // namespace thaw::cpu::avx512
