// uint8 activations less 128 by int8 weights on plain NEON: two products of bytes fit in 16 bits
// (2 * 128 * 127 < 2^15), so that three instructions make 16.
#define THAW_ISA neon
#include "kernels/cpu/dot/dot_impl_neon.h"

namespace thaw::cpu::neon {
namespace {

struct Bytes {
  static constexpr int kRows = 4;

  // Four columns; a sum's four lanes are parts of it.
  template <int R>
  static void columns(const DotJob& job, const char* const (&x)[R], const int8_t* b,
                      int32_t* sums) {
    int32x4_t acc[R][4];
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      THAW_UNROLL
      for (int c = 0; c < 4; ++c) acc[r][c] = vdupq_n_s32(0);
    }
    for (int64_t k = 0; k < 4 * job.groups; k += 16, b += 16 * kDotWidth) {
      int8x16_t a[R];
      THAW_UNROLL
      for (int r = 0; r < R; ++r)
        a[r] = vreinterpretq_s8_u8(
            veorq_u8(vld1q_u8(reinterpret_cast<const uint8_t*>(x[r]) + k), vdupq_n_u8(0x80)));
      THAW_UNROLL
      for (int c = 0; c < 4; ++c) {
        const int8x16_t w = vld1q_s8(b + 16 * c);
        THAW_UNROLL
        for (int r = 0; r < R; ++r) {
          const int16x8_t low = vmull_s8(vget_low_s8(a[r]), vget_low_s8(w));
          acc[r][c] = vpadalq_s16(acc[r][c], vmlal_high_s8(low, a[r], w));
        }
      }
    }
    THAW_UNROLL
    for (int r = 0; r < R; ++r)
      vst1q_s32(sums + r * kDotWidth,
                vpaddq_s32(vpaddq_s32(acc[r][0], acc[r][1]), vpaddq_s32(acc[r][2], acc[r][3])));
  }

  template <int R>
  static void run(const DotJob& job, int64_t row, int64_t column, const uint32_t* b) {
    const char* x[R];
    row_starts<R>(job, row, x);
    alignas(64) int32_t sums[R * kDotWidth];
    for (int c = 0; c < kDotWidth; c += 4)
      columns<R>(job, x, reinterpret_cast<const int8_t*>(b) + 16 * c, sums + c);
    epilogue_tile(job, sums, R, row, column);
  }
};

}  // namespace

extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {1,  Bytes::kRows, vector_groups, run_dot<Bytes>, DotPanels::kVectors,
                              16, 128};

}  // namespace thaw::cpu::neon
