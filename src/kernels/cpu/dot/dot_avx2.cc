// uint8 activations by int8 weights, exact: byte_panels.h keeps the sums of 16 bits in range.
#include "kernels/cpu/simd/vec_avx2.h"
#define THAW_ISA avx2
#include <utility>

#include "kernels/cpu/dot/byte_panels.h"
#include "kernels/cpu/elementwise/convert_impl.h"
#include "kernels/cpu/simd/unroll.h"

namespace thaw::cpu::avx2 {
namespace {

constexpr int kRows = 6;  // of a tile
static_assert(Vec::kWidth == kBytePanelColumns, "a vector of sums is a panel's row");

inline __m256i load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }

// The four activations at p, for each column.
inline __m256i broadcast(const char* p) {
  int group;
  __builtin_memcpy(&group, p, sizeof group);
  return _mm256_set1_epi32(group);
}

// What makes results of a panel's sums.
struct Columns {
  Vec scale;
  Vec bias;
  Vec lo;
  Vec hi;
};

template <int R, Element E>
inline void epilogue_as(const DotJob& job, const __m256i (&sums)[R], const Columns& columns,
                        int64_t row, int64_t column) {
  const int64_t left = job.columns - column;
  auto* y = static_cast<typename Access<E>::Type*>(job.y) + row * job.ldy + column;
  THAW_UNROLL
  for (int r = 0; r < R; ++r, y += job.ldy) {
    const Vec whole = {_mm256_cvtepi32_ps(sums[r])};
    const Vec real = min(columns.hi, max(columns.lo, fma(whole, columns.scale, columns.bias)));
    if (left >= Vec::kWidth) {
      Access<E>::store(real, job.epilogue.zero, y);
    } else {
      store_part<E>(real, job.epilogue.zero, y, static_cast<int>(left));
    }
  }
}

template <int R>
inline void epilogue(const DotJob& job, const __m256i (&sums)[R], int64_t row, int64_t column) {
  const Epilogue& f = job.epilogue;
  const Columns columns = {Vec::load(f.scale + column), Vec::load(f.bias + column),
                           Vec::set(f.clamp.lo), Vec::set(f.clamp.hi)};
  switch (f.result) {
    case Element::kFloat32:
      return epilogue_as<R, Element::kFloat32>(job, sums, columns, row, column);
    case Element::kFloat16:
      return epilogue_as<R, Element::kFloat16>(job, sums, columns, row, column);
    case Element::kBFloat16:
      return epilogue_as<R, Element::kBFloat16>(job, sums, columns, row, column);
    case Element::kUInt8:
      return epilogue_as<R, Element::kUInt8>(job, sums, columns, row, column);
  }
}

// R rows by one panel.
template <int R>
void tile(const DotJob& job, int64_t row, int64_t column, const BytePanel& panel) {
  const auto* start = reinterpret_cast<const char*>(&panel);
  const auto* at = reinterpret_cast<const int32_t*>(start + kByteOffsetsAt);
  const char* w = start + panel.weights_at;
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sums[R];
  const char* x[R];
  THAW_UNROLL
  for (int r = 0; r < R; ++r) {
    x[r] = job.x + (row + r) * job.stride;
    sums[r] = load(job.correction + column);
  }
  for (int32_t i = 0; i < panel.pairs; ++i, at += 2, w += 2 * kByteGroupBytes) {
    __m256i w0 = load(w);
    __m256i w1 = load(w + kByteGroupBytes);
    // Else the compiler reads them again for each row.
    asm volatile("" : "+x"(w0), "+x"(w1));
    const int64_t first = at[0];
    const int64_t second = at[1];
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(broadcast(x[r] + first), w0),
                                             _mm256_maddubs_epi16(broadcast(x[r] + second), w1));
      sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int32_t i = 0; i < panel.singles; ++i, ++at, w += kByteGroupBytes) {
    __m256i w0 = load(w);
    asm volatile("" : "+x"(w0));
    const int64_t first = at[0];
    THAW_UNROLL
    for (int r = 0; r < R; ++r) {
      const __m256i pairs = _mm256_maddubs_epi16(broadcast(x[r] + first), w0);
      sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(pairs, ones));
    }
  }
  epilogue<R>(job, sums, row, column);
}

using TileFunction = void (*)(const DotJob& job, int64_t row, int64_t column,
                              const BytePanel& panel);

template <int... R>
inline void run_tile(const DotJob& job, int64_t rows, int64_t row, int64_t column,
                     const BytePanel& panel, std::integer_sequence<int, R...>) {
  static constexpr TileFunction kTiles[] = {tile<R + 1>...};
  kTiles[rows - 1](job, row, column, panel);
}

// The last two tiles share what is left evenly.
void run_dot(const DotJob& job) {
  const auto* panels = reinterpret_cast<const char*>(job.b);
  const int64_t bytes = reinterpret_cast<const BytePanel*>(panels)->bytes;
  for (int64_t p = job.first; p < job.last; ++p) {
    const auto& panel = *reinterpret_cast<const BytePanel*>(panels + p * bytes);
    for (int64_t i = 0; i < job.rows;) {
      const int64_t left = job.rows - i;
      const int64_t n = left >= 2 * kRows ? kRows : left <= kRows ? left : (left + 1) / 2;
      run_tile(job, n, i, p * kBytePanelColumns, panel, std::make_integer_sequence<int, kRows>());
      i += n;
    }
  }
}

int64_t any_groups(int64_t groups) { return groups; }

}  // namespace

extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {1, kRows, any_groups, run_dot, DotPanels::kBytes};

}  // namespace thaw::cpu::avx2
