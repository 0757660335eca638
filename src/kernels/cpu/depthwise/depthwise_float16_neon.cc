// 3x3 depthwise convolution from 16-bit floats to 16-bit floats in float32 arithmetic, 8 channels
// at a time.
#define THAW_ISA neon
#include <algorithm>

#include "kernels/cpu/dot/epilogue_neon.h"

namespace thaw::cpu::neon {
namespace {

constexpr int64_t kBlock = 8;
constexpr int64_t kBlockFloats = 10 * kBlock;

// 8 channels.
struct Pair {
  float32x4_t low;
  float32x4_t high;
};

struct BFloat16 {
  static Pair widen(uint16x8_t v) {
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(v), 16)),
            vreinterpretq_f32_u32(vshll_high_n_u16(v, 16))};
  }
  static uint16x4_t narrow(float32x4_t v) { return to_bfloat16(v); }
};

struct Float16 {
  static Pair widen(uint16x8_t v) {
    const float16x8_t halves = vreinterpretq_f16_u16(v);
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
  }
  static uint16x4_t narrow(float32x4_t v) { return to_float16(v); }
};

inline Pair constants(const float* w) { return {vld1q_f32(w), vld1q_f32(w + 4)}; }

inline Pair fma(const Pair& x, const Pair& w, const Pair& sum) {
  return {vfmaq_f32(sum.low, x.low, w.low), vfmaq_f32(sum.high, x.high, w.high)};
}

// What comes after a row needs its sums: else rows are mixed and registers run out.
inline void epilogue_first(Pair& sum) {
  asm volatile("" : "+w"(sum.low), "+w"(sum.high) : : "memory");
}

template <class Type>
inline void store(const Pair& sum, const Clamp& clamp, char* out) {
  const float32x4_t lo = vdupq_n_f32(clamp.lo);
  const float32x4_t hi = vdupq_n_f32(clamp.hi);
  vst1q_u16(reinterpret_cast<uint16_t*>(out),
            vcombine_u16(Type::narrow(vminq_f32(vmaxq_f32(sum.low, lo), hi)),
                         Type::narrow(vminq_f32(vmaxq_f32(sum.high, lo), hi))));
}

// P pixels of a block. Columns that two pixels share are loaded once.
template <class Type, class Result, int P, int Stride>
inline void strip(const DotDepthwiseRun& job, int64_t x, int64_t c, const float* w) {
  constexpr int kColumns = (P - 1) * Stride + 3;
  Pair sum[P];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) sum[p] = constants(w + 9 * kBlock);
  THAW_UNROLL
  for (int ky = 0; ky < 3; ++ky) {
    const char* in = one_pointer(job.rows[ky] + x * Stride * job.step + 2 * c);
    Pair weights[3];
    THAW_UNROLL
    for (int kx = 0; kx < 3; ++kx) weights[kx] = constants(w + (ky * 3 + kx) * kBlock);
    THAW_UNROLL
    for (int i = 0; i < kColumns; ++i, in += job.step) {
      const Pair pixel = Type::widen(vld1q_u16(reinterpret_cast<const uint16_t*>(in)));
      THAW_UNROLL
      for (int p = 0; p < P; ++p) {
        const int kx = i - p * Stride;
        if (kx >= 0 && kx <= 2) sum[p] = fma(pixel, weights[kx], sum[p]);
      }
    }
    THAW_UNROLL
    for (int p = 0; p < P; ++p) epilogue_first(sum[p]);
  }
  THAW_UNROLL
  for (int p = 0; p < P; ++p)
    store<Result>(sum[p], job.clamp, job.out + (x + p) * job.out_step + 2 * c);
}

template <class Type, class Result, int Stride>
void run_stride(const DotDepthwiseRun& job) {
  constexpr int kPixels = 4;
  const auto* w = static_cast<const float*>(job.blocks);
  for (int64_t i = 0; i < job.channels; i += kBlock, w += kBlockFloats) {
    const int64_t c = std::min(i, job.channels - kBlock);
    int64_t x = 0;
    for (; x + kPixels <= job.count; x += kPixels)
      strip<Type, Result, kPixels, Stride>(job, x, c, w);
    for (; x < job.count; ++x) strip<Type, Result, 1, Stride>(job, x, c, w);
  }
}

template <class Type, class Result>
void run_to(const DotDepthwiseRun& job) {
  if (job.stride == 1) {
    run_stride<Type, Result, 1>(job);
  } else {
    run_stride<Type, Result, 2>(job);
  }
}

void run_bfloat16(const DotDepthwiseRun& job) { run_to<BFloat16, BFloat16>(job); }

void run_float16(const DotDepthwiseRun& job) {
  if (job.result == Element::kBFloat16) {
    run_to<Float16, BFloat16>(job);
  } else {
    run_to<Float16, Float16>(job);
  }
}

}  // namespace

extern const DotDepthwise kDepthwiseBFloat16;
const DotDepthwise kDepthwiseBFloat16 = {DotLayout::kFloats, run_bfloat16, kBlock};
extern const DotDepthwise kDepthwiseFloat16;
const DotDepthwise kDepthwiseFloat16 = {DotLayout::kFloats, run_float16, kBlock};

}  // namespace thaw::cpu::neon
