// How 3x3 depthwise kernels of AVX-512 go through a row of pixels, 32 channels at a time. Included
// by the *_depthwise_avx512*.cc.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own intrinsics start from a register that is undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <algorithm>

#include "kernels/cpu/kernel_set.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::THAW_ISA {

constexpr int64_t kStripChannels = 32;

// A strip's place: its first output pixel and channel, the constants of its block, the channels
// that there are.
struct Strip {
  int64_t x;
  int64_t c;
  const char* constants;
  __mmask32 channels;
};

// The channels that may be read of each input column of a strip.
template <int kColumns>
struct Readable {
  __mmask32 channels[kColumns];
  Readable(const DotDepthwiseRun& job, const Strip& s, int64_t column) {
    THAW_UNROLL
    for (int i = 0; i < kColumns; ++i) {
      const bool inside = column + i >= job.inside.begin && column + i < job.inside.end;
      channels[i] = inside ? s.channels : 0;
    }
  }
};

// Runs K::strip<pixels, Stride, Part>(job, strip) over all pixels and channels: Part where some
// column or channel can't be read. Strips have K::kPixels, 4 or 1 pixels; a last one overlaps the
// one before rather than be narrower.
template <class K, int Stride>
inline void run_strips(const DotDepthwiseRun& job) {
  const auto* constants = static_cast<const char*>(job.blocks);
  for (int64_t c = 0; c < job.channels; c += kStripChannels, constants += K::kBlockBytes) {
    const int64_t there = job.channels - c;
    const __mmask32 mask = there >= kStripChannels ? ~__mmask32{0} : (__mmask32{1} << there) - 1;
    // Few channels are read as if they were all, from the columns behind, where those are inside.
    const int64_t behind =
        there >= kStripChannels ? 0 : (2 * (kStripChannels - there) + job.step - 1) / job.step;
    const auto run = [&](auto pixels, int64_t x) {
      constexpr int kPixels = decltype(pixels)::value;
      const int64_t end = (x + kPixels - 1) * Stride + 3 + behind;
      if (x * Stride >= job.inside.begin && end <= job.inside.end) {
        K::template strip<kPixels, Stride, false>(job, {x, c, constants, mask});
      } else {
        K::template strip<kPixels, Stride, true>(job, {x, c, constants, mask});
      }
      return x + kPixels;
    };
    for (int64_t x = 0; x < job.count;) {
      const int64_t left = job.count - x;
      if (left >= K::kPixels || (left > 4 && job.count >= K::kPixels)) {
        x = run(std::integral_constant<int, K::kPixels>(), std::min(x, job.count - K::kPixels));
      } else if (left >= 4 || (left > 1 && job.count >= 4)) {
        x = run(std::integral_constant<int, 4>(), std::min(x, job.count - 4));
      } else {
        x = run(std::integral_constant<int, 1>(), x);
      }
    }
  }
}

template <class K>
void run_rows(const DotDepthwiseRun& job) {
  if (job.stride == 1) {
    run_strips<K, 1>(job);
  } else {
    run_strips<K, 2>(job);
  }
}

inline void store_words(__m512i v, char* out, __mmask32 mask) {
  if (mask == ~__mmask32{0}) {
    _mm512_storeu_si512(out, v);
  } else {
    _mm512_mask_storeu_epi16(out, mask, v);
  }
}

}  // namespace thaw::cpu::THAW_ISA
