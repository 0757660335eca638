// 3x3 depthwise convolution from and to uint8, 16 channels at a time: two products of bytes (of
// activations less 128) fit in 16 bits.
#define THAW_ISA neon
#include <algorithm>

#include "kernels/cpu/dot/epilogue_neon.h"

namespace thaw::cpu::neon {
namespace {

constexpr int64_t kBlock = 16;
constexpr int64_t kBlockBytes = 10 * 16 + 3 * 64;

inline int8x16_t load(const char* p) {
  const uint8x16_t bytes = vld1q_u8(reinterpret_cast<const uint8_t*>(p));
  return vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(0x80)));
}

// The constants of a block.
struct Constants {
  int8x16_t w[9];
  uint8x16_t number;
  const float* scale;
  const float* bias;
  const int32_t* correction;
  explicit Constants(const char* block)
      : number(vld1q_u8(reinterpret_cast<const uint8_t*>(block) + 9 * kBlock)),
        scale(reinterpret_cast<const float*>(block + 160)),
        bias(scale + kBlock),
        correction(reinterpret_cast<const int32_t*>(bias + kBlock)) {
    THAW_UNROLL
    for (int tap = 0; tap < 9; ++tap)
      w[tap] = vld1q_s8(reinterpret_cast<const int8_t*>(block) + tap * kBlock);
  }
};

// The sums of 16 channels.
struct Sums {
  int32x4_t v[4];
  void add(int16x8_t low, int16x8_t high) {
    v[0] = vaddw_s16(v[0], vget_low_s16(low));
    v[1] = vaddw_high_s16(v[1], low);
    v[2] = vaddw_s16(v[2], vget_low_s16(high));
    v[3] = vaddw_high_s16(v[3], high);
  }
  void add(int8x16_t a, int8x16_t w) {
    add(vmull_s8(vget_low_s8(a), vget_low_s8(w)), vmull_high_s8(a, w));
  }
  void add(int8x16_t a0, int8x16_t w0, int8x16_t a1, int8x16_t w1) {
    const int16x8_t low = vmull_s8(vget_low_s8(a0), vget_low_s8(w0));
    const int16x8_t high = vmull_high_s8(a0, w0);
    add(vmlal_s8(low, vget_low_s8(a1), vget_low_s8(w1)), vmlal_high_s8(high, a1, w1));
  }
};

// x [3][3]: the window by column and row.
inline uint8x16_t pixel(const int8x16_t* x, const Constants& c, const LevelBounds& bounds) {
  Sums sums;
  THAW_UNROLL
  for (int i = 0; i < 4; ++i) sums.v[i] = vld1q_s32(c.correction + 4 * i);
  const int8x16_t* w = c.w;  // by row and column
  sums.add(x[0], w[0], x[1], w[3]);
  sums.add(x[2], w[6], x[3], w[1]);
  sums.add(x[4], w[4], x[5], w[7]);
  sums.add(x[6], w[2], x[7], w[5]);
  sums.add(x[8], w[8]);
  Reals real;
  THAW_UNROLL
  for (int i = 0; i < 4; ++i)
    real[i] =
        vfmaq_f32(vld1q_f32(c.bias + 4 * i), vcvtq_f32_s32(sums.v[i]), vld1q_f32(c.scale + 4 * i));
  return vandq_u8(to_levels(real, bounds), c.number);
}

// P pixels of a block. Columns that two pixels share are loaded once.
template <int P, int Stride>
inline void strip(const DotDepthwiseRun& job, int64_t x, int64_t channel, const Constants& c,
                  const LevelBounds& bounds) {
  int8x16_t column[3 * ((P - 1) * Stride + 3)];
  THAW_UNROLL
  for (int p = 0; p < P; ++p) {
    THAW_UNROLL
    for (int i = p == 0 ? 0 : (p - 1) * Stride + 3; i < p * Stride + 3; ++i) {
      const int64_t at = (x * Stride + i) * job.step + channel;
      THAW_UNROLL
      for (int r = 0; r < 3; ++r) column[3 * i + r] = load(job.rows[r] + at);
    }
    vst1q_u8(reinterpret_cast<uint8_t*>(job.out + (x + p) * job.out_step + channel),
             pixel(column + 3 * p * Stride, c, bounds));
  }
}

template <int Stride>
void run_stride(const DotDepthwiseRun& job) {
  constexpr int kPixels = 4;
  const LevelBounds bounds(job.clamp, job.zero);
  const auto* block = static_cast<const char*>(job.blocks);
  for (int64_t i = 0; i < job.channels; i += kBlock, block += kBlockBytes) {
    const int64_t channel = std::min(i, job.channels - kBlock);
    const Constants c(block);
    int64_t x = 0;
    for (; x + kPixels <= job.count; x += kPixels)
      strip<kPixels, Stride>(job, x, channel, c, bounds);
    for (; x < job.count; ++x) strip<1, Stride>(job, x, channel, c, bounds);
  }
}

void run(const DotDepthwiseRun& job) {
  if (job.stride == 1) {
    run_stride<1>(job);
  } else {
    run_stride<2>(job);
  }
}

}  // namespace

extern const DotDepthwise kDepthwiseUInt8;
const DotDepthwise kDepthwiseUInt8 = {DotLayout::kBytes, run, kBlock};

}  // namespace thaw::cpu::neon
