// float16 activations and weights on float16 arithmetic, where there are no products that add to
// float32: eight products are summed in float16, their sums in float32.
#define THAW_ISA neonfp16
#include "kernels/cpu/dot/dot_impl_neon.h"

namespace thaw::cpu::neonfp16 {
namespace {

struct Half {
  static constexpr int kRows = 4;

  // Element L of each row against 16 columns.
  template <int L, int R>
  static void element(const float16x8_t (&a)[R], const float16_t* b, float16x8_t (&eight)[R][2]) {
    THAW_UNROLL
    for (int v = 0; v < 2; ++v) {
      const float16x8_t w = vld1q_f16(b + 16 * L + 8 * v);
      THAW_UNROLL
      for (int r = 0; r < R; ++r)
        eight[r][v] =
            L == 0 ? vmulq_laneq_f16(w, a[r], L) : vfmaq_laneq_f16(eight[r][v], w, a[r], L);
    }
  }

  template <int R, int... L>
  static void elements(const float16x8_t (&a)[R], const float16_t* b, float16x8_t (&eight)[R][2],
                       std::integer_sequence<int, L...>) {
    (element<L, R>(a, b, eight), ...);
  }

  template <int R>
  static void run(const DotJob& job, int64_t row, int64_t column, const uint32_t* panel) {
    const char* x[R];
    row_starts<R>(job, row, x);
    float32x4_t acc[R][4];
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      THAW_UNROLL
      for (int v = 0; v < 4; ++v) acc[r][v] = vdupq_n_f32(0);
    }
    const auto* b = reinterpret_cast<const float16_t*>(panel);
    for (int64_t k = 0; k < 4 * job.groups; k += 16, b += 8 * kDotWidth) {
      float16x8_t a[R];
      float16x8_t eight[R][2] = {};
      THAW_UNROLL
      for (int r = 0; r < R; ++r) a[r] = vld1q_f16(reinterpret_cast<const float16_t*>(x[r] + k));
      elements<R>(a, b, eight, std::make_integer_sequence<int, 8>());
      THAW_UNROLL
      for (int r = 0; r < R; ++r) {
        THAW_UNROLL
        for (int v = 0; v < 2; ++v) {
          acc[r][2 * v] = vaddq_f32(acc[r][2 * v], vcvt_f32_f16(vget_low_f16(eight[r][v])));
          acc[r][2 * v + 1] = vaddq_f32(acc[r][2 * v + 1], vcvt_high_f32_f16(eight[r][v]));
        }
      }
    }
    alignas(64) float sums[R * kDotWidth];
    __builtin_memcpy(sums, acc, sizeof sums);
    epilogue_tile(job, sums, R, row, column);
  }
};

}  // namespace

extern const DotKernels kDotFloat16;
const DotKernels kDotFloat16 = {
    1, Half::kRows, vector_groups, run_dot<Half>, DotPanels::kVectors, 2, 0};

}  // namespace thaw::cpu::neonfp16
