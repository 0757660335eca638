// Products of rows of at most 32 floats, as in first layers, on AMX's tiles for bfloat16: each
// number is split in two of bfloat16, and all products but those of the lower parts are summed. A
// product is off by 2^-14 of itself at most, by 2^-17 in the mean (root of squares).
#define THAW_ISA amx
#include "kernels/cpu/dot/dot_tiles_amx.h"

namespace thaw::cpu::avx512 {
extern const GemmKernels kGemmKernels;
}  // namespace thaw::cpu::avx512

namespace thaw::cpu::amx {
namespace {

constexpr int kLanes = kDotWidth;
constexpr int64_t kPairs = kShortLength / 2;

// A vector's weights in tiles: [upper, lower parts][pair][column] pairs, and whether all are
// finite.
struct alignas(64) Weights {
  uint32_t tiles[2][kPairs][kLanes];
  uint32_t finite;
  uint32_t unused[15];
};

// Both parts of 16 numbers as bfloat16 in the lower halves of 32 bits.
struct Parts {
  __m512i upper;
  __m512i lower;
};

inline __m512i words_of(__m512 v) { return _mm512_cvtepu16_epi32(to_bfloat16(v)); }

inline Parts parts_of(__m512 v) {
  const __m512i upper = words_of(v);
  return {upper, words_of(_mm512_sub_ps(v, _mm512_castsi512_ps(_mm512_slli_epi32(upper, 16))))};
}

void prepare(const float* b, int64_t k, int vectors, void* prepared) {
  const int64_t width = vectors * int64_t{kLanes};
  for (int v = 0; v < vectors; ++v) {
    Weights& weights = static_cast<Weights*>(prepared)[v];
    weights = {};  // `unused` too: plan files hold all of it
    __mmask16 special = 0;
    for (int64_t pair = 0; pair < kPairs; ++pair) {
      Parts parts[2];
      for (int64_t i = 0; i < 2; ++i) {
        const int64_t row = 2 * pair + i;
        const __m512 w =
            row < k ? _mm512_loadu_ps(b + row * width + v * int64_t{kLanes}) : _mm512_setzero_ps();
        special |= _mm512_fpclass_ps_mask(w, 0x99);  // infinities and NaN
        parts[i] = parts_of(w);
      }
      const auto join = [](__m512i first, __m512i second) {
        return _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
      };
      _mm512_store_si512(weights.tiles[0][pair], join(parts[0].upper, parts[1].upper));
      _mm512_store_si512(weights.tiles[1][pair], join(parts[0].lower, parts[1].lower));
    }
    weights.finite = special == 0 ? 1 : 0;
  }
}

// Rows of the job, 16 at a time, as tiles of both parts.
class Rows {
 public:
  explicit Rows(const PanelJob& job) : job_(job) {
    for (int64_t s = 0; s < job.segments; ++s) {
      const uint64_t lanes = ((uint64_t{1} << job.length) - 1) << (s * job.length);
      first_[s] = static_cast<__mmask16>(lanes);
      second_[s] = static_cast<__mmask16>(lanes >> kLanes);
    }
  }

  // Splits `count` rows from `row` on. False where a number is infinite or none.
  bool split(int64_t row, int64_t count) {
    if (job_.segments == 3) return split_segments<3>(job_.rows + row, count);
    if (job_.segments == 1) return split_segments<1>(job_.rows + row, count);
    __mmask16 special = 0;
    for (int64_t r = 0; r < count; ++r) {
      __m512 v[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
      for (int64_t s = 0; s < job_.segments; ++s)
        load(job_.rows[row + r + s * job_.row_stride] - s * job_.length, first_[s], second_[s], v);
      special |= store(r, v);
    }
    return special == 0;
  }

  const void* part(int i) const { return tiles_[i]; }

 private:
  // A segment into its lanes; `from` lies as many floats before it.
  static void load(const float* from, __mmask16 first, __mmask16 second, __m512 (&v)[2]) {
    if (first != 0) v[0] = _mm512_mask_loadu_ps(v[0], first, from);
    if (second != 0) v[1] = _mm512_mask_loadu_ps(v[1], second, from + kLanes);
  }

  template <int S>
  bool split_segments(const float* const* rows, int64_t count) {
    const int64_t stride = job_.row_stride;
    const int64_t length = job_.length;
    __mmask16 first[S];
    __mmask16 second[S];
    THAW_UNROLL
    for (int s = 0; s < S; ++s) {
      first[s] = first_[s];
      second[s] = second_[s];
    }
    __mmask16 special = 0;
    for (int64_t r = 0; r < count; ++r) {
      __m512 v[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
      THAW_UNROLL
      for (int s = 0; s < S; ++s) load(rows[r + s * stride] - s * length, first[s], second[s], v);
      special |= store(r, v);
    }
    return special == 0;
  }

  // Both parts of a row. Tells where a number is infinite or none.
  __mmask16 store(int64_t r, const __m512 (&v)[2]) {
    const __m512 upper[2] = {cut(v[0]), cut(v[1])};
    const __m512 lower[2] = {_mm512_sub_ps(v[0], upper[0]), _mm512_sub_ps(v[1], upper[1])};
    _mm512_store_si512(tiles_[0][r], (__m512i)_mm512_cvtne2ps_pbh(upper[1], upper[0]));
    _mm512_store_si512(tiles_[1][r], (__m512i)_mm512_cvtne2ps_pbh(lower[1], lower[0]));
    return _mm512_cmp_ps_mask(lower[0], lower[1], _CMP_UNORD_Q);
  }

  // The upper half of each number. The rest of a finite one is exact, of another no number.
  static __m512 cut(__m512 v) {
    return _mm512_castsi512_ps(
        _mm512_and_si512(_mm512_castps_si512(v), _mm512_set1_epi32(static_cast<int>(0xFFFF0000))));
  }

  const PanelJob& job_;
  __mmask16 first_[kShortLength];  // where segments lie in the two vectors of a row
  __mmask16 second_[kShortLength];
  alignas(64) uint16_t tiles_[2][kTileRows][kShortLength];  // of rows past the count, anything
};

// One or two vectors of a panel, from `first` on. Tiles 0 and 1 hold sums, 2 and 3 the parts of
// activations, 4 to 7 those of weights.
class Columns {
 public:
  Columns(const PanelJob& job, int first)
      : job_(job),
        first_(first),
        second_(job.vectors - first > 1),
        weights_(static_cast<const Weights*>(job.prepared) + first),
        rows_(job) {
    out_.columns = job.columns;
    out_.correction = none_;
    out_.epilogue = job.epilogue;
    out_.y = job.y;
    out_.ldy = job.ldy;
  }

  void run() {
    const bool finite = weights_[0].finite != 0 && (!second_ || weights_[1].finite != 0);
    configure(2 * kTileRows, kTileRows);  // all tiles are whole
    _tile_loadd(4, weights_[0].tiles[0], 64);
    _tile_loadd(6, weights_[0].tiles[1], 64);
    if (second_) _tile_loadd(5, weights_[1].tiles[0], 64);
    if (second_) _tile_loadd(7, weights_[1].tiles[1], 64);
    for (int64_t row = 0; row < job_.row_count; row += kTileRows) {
      const int64_t left = job_.row_count - row;
      const int64_t count = left < kTileRows ? left : kTileRows;
      if (!rows_.split(row, count) || !finite) {
        epilogue();
        run_plain(row, count);
        continue;
      }
      second_ ? multiply<true>() : multiply<false>();
      stored_ = {row, count};
    }
    epilogue();
    _tile_release();
  }

 private:
  // The results of the rows before are made while the tile unit works.
  template <bool kSecond>
  void multiply() {
    asm volatile("" ::: "memory");
    _tile_loadd(2, rows_.part(0), 64);
    _tile_loadd(3, rows_.part(1), 64);
    _tile_zero(0);
    if (kSecond) _tile_zero(1);
    _tile_dpbf16ps(0, 2, 4);
    if (kSecond) _tile_dpbf16ps(1, 2, 5);
    _tile_dpbf16ps(0, 3, 4);
    if (kSecond) _tile_dpbf16ps(1, 3, 5);
    _tile_dpbf16ps(0, 2, 6);
    if (kSecond) _tile_dpbf16ps(1, 2, 7);
    asm volatile("" ::: "memory");
    epilogue();
    _tile_stored(0, sums_[0], sizeof sums_[0]);
    if (kSecond) _tile_stored(1, sums_[0] + kLanes, sizeof sums_[0]);
    asm volatile("" ::: "memory");
  }

  void epilogue() {
    if (stored_.count > 0)
      epilogue_panel<float>(out_, {sums_[0], kPanelWidth, stored_.count}, stored_.row,
                            first_ * int64_t{kLanes}, second_ ? 2 : 1);
    stored_.count = 0;
  }

  void run_plain(int64_t row, int64_t count) {
    alignas(64) float sums[kTileRows * kMaxPanelVectors * kLanes];
    PanelJob part = job_;
    part.rows += row;
    part.row_count = count;
    part.clamp = Clamp();
    part.c = sums;
    part.ldc = kMaxPanelVectors * kLanes;
    avx512::kGemmKernels.panel(part);
    epilogue_panel<float>(out_, {sums + first_ * kLanes, part.ldc, count}, row,
                          first_ * int64_t{kLanes}, second_ ? 2 : 1);
  }

  struct Block {
    int64_t row = 0;
    int64_t count = 0;  // none: nothing is stored
  };

  const PanelJob& job_;
  const int first_;
  const bool second_;
  const Weights* weights_;
  Rows rows_;
  DotJob out_{};
  Block stored_;
  int32_t none_[kMaxPanelVectors * kLanes] = {};
  alignas(64) float sums_[kTileRows][kPanelWidth];
};

void run(const PanelJob& job) {
  for (int first = 0; first < job.vectors; first += kPanelVectors) Columns(job, first).run();
}

}  // namespace

extern const GemmKernels kShortGemm;
const GemmKernels kShortGemm = {kLanes, kPanelVectors,   {0, kTileRows, kTileRows, kTileRows},
                                run,    sizeof(Weights), prepare};

}  // namespace thaw::cpu::amx
