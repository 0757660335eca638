// uint8 activations less 128 by int8 weights on dot products.
#define THAW_ISA neondot
#include "kernels/cpu/dot/dot_impl_neon.h"

namespace thaw::cpu::neondot {
namespace {

struct Bytes {
  static constexpr int kRows = 6;

  // A group of four bytes of each row, in lane L of a, against 16 columns.
  template <int L, int R>
  static void group(const int8x16_t (&a)[R], const int8_t* b, int32x4_t (&acc)[R][4]) {
    load_no_earlier();
    THAW_UNROLL
    for (int v = 0; v < 4; ++v) {
      const int8x16_t w = vld1q_s8(b + (4 * L + v) * 16);
      THAW_UNROLL
      for (int r = 0; r < R; ++r) acc[r][v] = vdotq_laneq_s32(acc[r][v], w, a[r], L);
    }
  }

  template <int R>
  static void run(const DotJob& job, int64_t row, int64_t column, const uint32_t* panel) {
    const char* x[R];
    row_starts<R>(job, row, x);
    int32x4_t acc[R][4];
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      THAW_UNROLL
      for (int v = 0; v < 4; ++v) acc[r][v] = vdupq_n_s32(0);
    }
    const auto* b = reinterpret_cast<const int8_t*>(panel);
    for (int64_t k = 0; k < 4 * job.groups; k += 16, b += 16 * kDotWidth) {
      int8x16_t a[R];
      THAW_UNROLL
      for (int r = 0; r < R; ++r)
        a[r] = vreinterpretq_s8_u8(
            veorq_u8(vld1q_u8(reinterpret_cast<const uint8_t*>(x[r]) + k), vdupq_n_u8(0x80)));
      group<0, R>(a, b, acc);
      group<1, R>(a, b, acc);
      group<2, R>(a, b, acc);
      group<3, R>(a, b, acc);
    }
    alignas(64) int32_t sums[R * kDotWidth];
    __builtin_memcpy(sums, acc, sizeof sums);
    epilogue_tile(job, sums, R, row, column);
  }
};

}  // namespace

extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {1, Bytes::kRows, vector_groups, run_dot<Bytes>, DotPanels::kVectors,
                              4, 128};

}  // namespace thaw::cpu::neondot
