// Products of float32 and float16 on AMX's tiles for bfloat16: each number is the sum of a few
// bfloat16, and of their products those are added that count (Henry, Tang, Heinecke: "Leveraging
// the bfloat16 Artificial Intelligence Datatype For Higher-Precision Computations", 2019). float32
// is three numbers and six products, as exact as float32's own; float16 is two, which hold it
// wholly, and three products, which leave out 2^-16 at most. Sums are float32. Beyond bfloat16's
// largest number, 3.39e38, activations count as infinite, and denormals as zeros.
#define THAW_ISA amx
#include "kernels/cpu/dot_tiles_amx.h"
#include "kernels/cpu/unroll.h"

namespace thaw::cpu::amx {
namespace {

constexpr int64_t kTileBytes = kTileRows * 64;

template <Element E>
constexpr int64_t kParts = E == Element::kFloat32 ? 3 : 2;
// A step's tiles of activations: [parts][upper, lower rows], the high part first.
template <Element E>
constexpr int64_t kStepBytes = kParts<E> * 2 * kTileBytes;

// Rows of so many groups of 32 bits, cut into steps of pairs of numbers: up to a tile's 16.
template <Element E>
struct PairSteps : Steps {
  static constexpr int64_t kPerGroup = 4 / kElementBytes[static_cast<int>(E)];
  explicit PairSteps(int64_t groups) : Steps((groups * kPerGroup + 1) / 2) {}
  int64_t pairs() const { return steps * length; }
};

template <Element E>
int64_t whole_groups(int64_t groups) {
  return 2 * PairSteps<E>(groups).pairs() / PairSteps<E>::kPerGroup;
}

template <Element E>
size_t scratch_bytes(int64_t groups) {
  return static_cast<size_t>(kBlockRows / (2 * kTileRows) * PairSteps<E>(groups).steps *
                             kStepBytes<E>);
}

template <Element E>
__m512 load(const char* x, __mmask16 lanes) {
  if constexpr (E == Element::kFloat32) return _mm512_maskz_loadu_ps(lanes, x);
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, x));
}

__m512 widen_half(__m256i halves) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

__mmask16 finite_lanes(__m512 v) {
  return _mm512_cmp_ps_mask(_mm512_abs_ps(v), _mm512_set1_ps(__builtin_inff()), _CMP_LT_OQ);
}

// 32 numbers into a row of a step's tiles; whether all are finite. The other parts of what is not
// finite are 0.
template <int64_t kCount>
bool split(__m512 first, __m512 second, char* row) {
  bool finite = true;
  for (int64_t part = 0; part < kCount; ++part, row += 2 * kTileBytes) {
    const __m512bh packed = _mm512_cvtne2ps_pbh(second, first);
    __m512i bits;
    __builtin_memcpy(&bits, &packed, sizeof bits);
    _mm512_store_si512(row, bits);
    if (part + 1 == kCount) break;
    const __m512 a = widen_half(_mm512_castsi512_si256(bits));
    const __m512 b = widen_half(_mm512_extracti64x4_epi64(bits, 1));
    const __mmask16 a_finite = finite_lanes(a);
    const __mmask16 b_finite = finite_lanes(b);
    finite = finite && (a_finite & b_finite) == 0xFFFF;
    first = _mm512_maskz_sub_ps(a_finite, first, a);
    second = _mm512_maskz_sub_ps(b_finite, second, b);
  }
  return finite;
}

// Zeros in place of infinities and NaN, which the lower parts of a weight must not meet: their
// signs are not the weight's.
void copy_finite(const char* from, int64_t bytes, char* to) {
  const __m512i exponent = _mm512_set1_epi16(0x7F80);
  for (int64_t i = 0; i < bytes; i += 64) {
    const __m512i v = _mm512_load_si512(from + i);
    const __mmask32 finite = _mm512_cmpneq_epi16_mask(_mm512_and_si512(v, exponent), exponent);
    _mm512_store_si512(to + i, _mm512_maskz_mov_epi16(finite, v));
  }
}

// Splits the rows once for all panels, into tiles in the order in which they are used.
template <Element E>
class SplitWay {
 public:
  using Sum = float;
  static constexpr bool kPadded = true;
  explicit SplitWay(const DotJob& job)
      : job_(job), steps_(job.groups), tiles_(static_cast<char*>(job.scratch)) {}

  int64_t step_groups() const { return steps_.length; }
  const uint32_t* weights(int64_t column) const {
    return job_.b + kParts<E> * column * steps_.pairs();
  }
  const void* first_sums(int64_t /*column*/) const { return nullptr; }
  void finish(const Stored<float>& s) const { finish_stored(job_, s); }

  void begin(int64_t row, int64_t rows) {
    constexpr int64_t kBytes = kElementBytes[static_cast<int>(E)];
    const int64_t length = 2 * steps_.length;
    const auto lanes = [](int64_t n) {
      return static_cast<__mmask16>(n >= kDotWidth ? 0xFFFF : (1U << n) - 1);
    };
    const __mmask16 first = lanes(length);
    const __mmask16 second = length > kDotWidth ? lanes(length - kDotWidth) : __mmask16{0};
    finite_ = true;
    for (int64_t r = 0; r < rows; ++r) {
      const char* x = job_.x + (row + r) * job_.stride;
      char* to = tiles_of(r) + r / kTileRows % 2 * kTileBytes + r % kTileRows * 64;
      for (int64_t s = 0; s < steps_.steps; ++s, x += length * kBytes, to += kStepBytes<E>)
        finite_ =
            split<kParts<E>>(load<E>(x, first), load<E>(x + kDotWidth * kBytes, second), to) &&
            finite_;
    }
  }

  // Part i of the weights meets the first parts of the activations, all but i.
  template <bool kLower, bool kSecond>
  void multiply(int64_t row, const uint32_t* b) const {
    constexpr int64_t kVectors = kSecond ? 2 : 1;
    constexpr int64_t kPitch = kVectors * 64;
    const int64_t step = steps_.length * kVectors * kDotWidth;
    const int64_t part = steps_.pairs() * kVectors * kDotWidth;
    const char* x = tiles_of(row);
    for (int64_t s = 0; s < steps_.steps; ++s, x += kStepBytes<E>, b += step) {
      THAW_UNROLL
      for (int64_t i = 0; i < kParts<E>; ++i) {
        const uint32_t* weights = b + i * part;
        _tile_loadd(6, weights, kPitch);
        if (kSecond) _tile_loadd(7, weights + kDotWidth, kPitch);
        prefetch<kVectors * kTileBytes>(weights + step);
        THAW_UNROLL
        for (int64_t j = kParts<E> - 1 - i; j >= 0; --j) {
          load_activations<kLower>(x + 2 * j * kTileBytes, i == 0 || j > 0 || finite_);
          if (i == 0) prefetch<2 * kTileBytes>(x + kStepBytes<E> + 2 * j * kTileBytes);
          multiply_tiles<BFloat16, kLower, kSecond>();
        }
      }
    }
  }

 private:
  // What the next step reads: the tile unit alone asks for it too late.
  template <int64_t kBytes>
  static void prefetch(const void* from) {
    for (int64_t i = 0; i < kBytes; i += 64)
      _mm_prefetch(static_cast<const char*>(from) + i, _MM_HINT_T0);
  }
  template <bool kLower>
  static void load_activations(const char* x, bool as_they_are) {
    alignas(64) char finite[2 * kTileBytes];
    if (!as_they_are) {
      copy_finite(x, sizeof finite, finite);
      asm volatile("" ::"r"(finite) : "memory");
      x = finite;
    }
    _tile_loadd(4, x, 64);
    if (kLower) _tile_loadd(5, x + kTileBytes, 64);
    asm volatile("" ::: "memory");
  }
  char* tiles_of(int64_t row) const {
    return tiles_ + row / (2 * kTileRows) * steps_.steps * kStepBytes<E>;
  }

  const DotJob& job_;
  const PairSteps<E> steps_;
  bool finite_ = true;  // all activations of the block
  char* tiles_;         // [block's rows / 32][steps][kStepBytes<E>]
};

template <Element E>
void run_split(const DotJob& job) {
  Tiles<SplitWay<E>>(job).run();
}

template <Element E>
constexpr DotKernels kSplit = {
    kPanelVectors,    2 * kTileRows, whole_groups<E>, run_split<E>, DotPanels::kParts, 2, 0,
    scratch_bytes<E>, kParts<E>};

}  // namespace

extern const DotKernels kDotFloat32;
const DotKernels kDotFloat32 = kSplit<Element::kFloat32>;
extern const DotKernels kDotFloat16;
const DotKernels kDotFloat16 = kSplit<Element::kFloat16>;

}  // namespace thaw::cpu::amx
