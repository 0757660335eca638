// float16 activations and weights, products added to float32.
#define THAW_ISA neoni8mm
#include "kernels/cpu/dot/dot_impl_neon.h"

namespace thaw::cpu::neoni8mm {
namespace {

struct Half {
  static constexpr int kRows = 5;

  // Element L of each row against 16 columns.
  template <int L, int R>
  static void element(const float16x8_t (&a)[R], const float16_t* b, float32x4_t (&acc)[R][4]) {
    load_no_earlier();
    const float16x8_t left = vld1q_f16(b + 16 * L);
    const float16x8_t right = vld1q_f16(b + 16 * L + 8);
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      acc[r][0] = vfmlalq_laneq_low_f16(acc[r][0], left, a[r], L);
      acc[r][1] = vfmlalq_laneq_high_f16(acc[r][1], left, a[r], L);
      acc[r][2] = vfmlalq_laneq_low_f16(acc[r][2], right, a[r], L);
      acc[r][3] = vfmlalq_laneq_high_f16(acc[r][3], right, a[r], L);
    }
  }

  template <int R, int... L>
  static void elements(const float16x8_t (&a)[R], const float16_t* b, float32x4_t (&acc)[R][4],
                       std::integer_sequence<int, L...>) {
    (element<L, R>(a, b, acc), ...);
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
      THAW_UNROLL
      for (int r = 0; r < R; ++r) a[r] = vld1q_f16(reinterpret_cast<const float16_t*>(x[r] + k));
      elements<R>(a, b, acc, std::make_integer_sequence<int, 8>());
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

}  // namespace thaw::cpu::neoni8mm
