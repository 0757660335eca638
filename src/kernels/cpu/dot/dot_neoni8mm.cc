// Products of matrices, 2 x 8 bytes by 8 x 2: uint8 by int8, bfloat16 by bfloat16 (denormal numbers
// count as zeros).
#define THAW_ISA neoni8mm
#include "kernels/cpu/dot/dot_impl_neon.h"

namespace thaw::cpu::neoni8mm {
namespace {

struct UInt8 {
  using Sum = int32_t;
  using Acc = int32x4_t;
  static Acc zero() { return vdupq_n_s32(0); }
  static Acc add(Acc sum, uint8x16_t a, uint8x16_t b) {
    return vusmmlaq_s32(sum, a, vreinterpretq_s8_u8(b));
  }
  static uint64x2_t bits(Acc v) { return vreinterpretq_u64_s32(v); }
  static void store(uint64x2_t v, Sum* p) { vst1q_s32(p, vreinterpretq_s32_u64(v)); }
};

struct BFloat16 {
  using Sum = float;
  using Acc = float32x4_t;
  static Acc zero() { return vdupq_n_f32(0); }
  static Acc add(Acc sum, uint8x16_t a, uint8x16_t b) {
    return vbfmmlaq_f32(sum, vreinterpretq_bf16_u8(a), vreinterpretq_bf16_u8(b));
  }
  static uint64x2_t bits(Acc v) { return vreinterpretq_u64_f32(v); }
  static void store(uint64x2_t v, Sum* p) { vst1q_f32(p, vreinterpretq_f32_u64(v)); }
};

// Rows in pairs: a sum's lanes are two columns of the first and of the second. The last row is its
// own partner where their number is odd.
template <class Type>
struct Tile {
  static constexpr int kRows = 6;

  // 8 bytes of each row, from x[r] + k on, against 16 columns.
  template <int P>
  static void step(const char* const (&x)[2 * P], int64_t k, const uint8_t* b,
                   typename Type::Acc (&acc)[P][8]) {
    load_no_earlier();
    uint8x16_t a[P];
    THAW_UNROLL
    for (int p = 0; p < P; ++p)
      a[p] = vcombine_u8(vld1_u8(reinterpret_cast<const uint8_t*>(x[2 * p]) + k),
                         vld1_u8(reinterpret_cast<const uint8_t*>(x[2 * p + 1]) + k));
    THAW_UNROLL
    for (int v = 0; v < 8; ++v) {
      const uint8x16_t w = vld1q_u8(b + 16 * v);
      THAW_UNROLL
      for (int p = 0; p < P; ++p) acc[p][v] = Type::add(acc[p][v], a[p], w);
    }
  }

  static void store_pair(const typename Type::Acc (&acc)[8], typename Type::Sum* sums) {
    THAW_UNROLL
    for (int v = 0; v < 8; v += 2) {
      const uint64x2_t left = Type::bits(acc[v]);
      const uint64x2_t right = Type::bits(acc[v + 1]);
      Type::store(vzip1q_u64(left, right), sums + 2 * v);
      Type::store(vzip2q_u64(left, right), sums + kDotWidth + 2 * v);
    }
  }

  template <int R>
  static void run(const DotJob& job, int64_t row, int64_t column, const uint32_t* panel) {
    constexpr int kPairs = (R + 1) / 2;
    const char* x[2 * kPairs];
    typename Type::Acc acc[kPairs][8];
    THAW_UNROLL
    for (int p = 0; p < kPairs; ++p) {
      x[2 * p] = job.x + (row + 2 * p) * job.stride;
      x[2 * p + 1] = 2 * p + 1 < R ? x[2 * p] + job.stride : x[2 * p];
      THAW_UNROLL
      for (int v = 0; v < 8; ++v) acc[p][v] = Type::zero();
    }
    const auto* b = reinterpret_cast<const uint8_t*>(panel);
    for (int64_t k = 0; k < 4 * job.groups; k += 8, b += 8 * kDotWidth) step<kPairs>(x, k, b, acc);
    alignas(64) typename Type::Sum sums[2 * kPairs * kDotWidth];
    THAW_UNROLL
    for (int p = 0; p < kPairs; ++p) store_pair(acc[p], sums + 2 * p * kDotWidth);
    epilogue_tile(job, sums, R, row, column);
  }
};

// Whole steps.
int64_t even_groups(int64_t groups) { return (groups + 1) / 2 * 2; }

}  // namespace

extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {
    1, Tile<UInt8>::kRows, even_groups, run_dot<Tile<UInt8>>, DotPanels::kVectors, 8, 0};
extern const DotKernels kDotBFloat16;
const DotKernels kDotBFloat16 = {
    1, Tile<BFloat16>::kRows, even_groups, run_dot<Tile<BFloat16>>, DotPanels::kVectors, 8, 0};

}  // namespace thaw::cpu::neoni8mm
