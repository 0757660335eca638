// Products over groups of 32 bits, two bfloat16 or float16 or four uint8, on AMX's tiles.
#define THAW_ISA amx
#include "kernels/cpu/dot/dot_tiles_amx.h"

namespace thaw::cpu::amx {
namespace {

// AMX-FP16's TDPFP16PS, which our compilers don't know: its third operand and the first two.
#define THAW_TDPFP16PS(third, tiles) \
  asm volatile(".byte 0xc4, 0xe2, " third ", 0x5c, " tiles ::: "memory")

struct Float16 {
  using Sum = float;
  static void upper_first() { THAW_TDPFP16PS("0x4b", "0xc4"); }
  static void upper_second() { THAW_TDPFP16PS("0x43", "0xcc"); }
  static void lower_first() { THAW_TDPFP16PS("0x4b", "0xd5"); }
  static void lower_second() { THAW_TDPFP16PS("0x43", "0xdd"); }
};
#undef THAW_TDPFP16PS

struct UInt8 {
  using Sum = int32_t;
  static void upper_first() { _tile_dpbusd(0, 4, 6); }
  static void upper_second() { _tile_dpbusd(1, 4, 7); }
  static void lower_first() { _tile_dpbusd(2, 5, 6); }
  static void lower_second() { _tile_dpbusd(3, 5, 7); }
};

// To uint8 the sums start from the correction, and two rows of both vectors are packed together.
// Rounding is monotonic: the upper bound is applied after it, to bytes. Saturation is the lower
// bound, and makes 0 of a NaN.
class ByteEpilogue {
 public:
  ByteEpilogue(const DotJob& job, int64_t column)
      : job_(job),
        column_(column),
        zero_(_mm512_set1_epi16(static_cast<int16_t>(job.epilogue.zero))) {
    const Epilogue& f = job.epilogue;
    hi_ = _mm512_set1_epi8(static_cast<char>(level(f.clamp.hi) + f.zero));
    const int64_t left = job.columns - column;
    mask_ = left >= kPanelWidth ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
    const int64_t second = left > kDotWidth ? kDotWidth : 0;
    for (int v = 0; v < 2; ++v) {
      scale_[v] = _mm512_loadu_ps(f.scale + column + v * second);
      bias_[v] = _mm512_loadu_ps(f.bias + column + v * second);
    }
  }

  static bool suits(const Epilogue& f) {
    return f.result == Element::kUInt8 && level(f.clamp.lo) + f.zero <= 0;
  }

  void run(const int32_t (*sums)[kPanelWidth], int64_t row, int64_t rows) const {
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    auto* y = static_cast<uint8_t*>(job_.y) + row * job_.ldy + column_;
    for (int64_t r = 0; r < rows; r += 2, y += 2 * job_.ldy) {
      const __m512i packed = _mm512_packus_epi16(packed_row(sums[r]), packed_row(sums[r + 1]));
      const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_min_epu8(hi_, packed));
      _mm256_mask_storeu_epi8(y, mask_, _mm512_castsi512_si256(bytes));
      if (r + 1 < rows)
        _mm256_mask_storeu_epi8(y + job_.ldy, mask_, _mm512_extracti64x4_epi64(bytes, 1));
    }
  }

 private:
  static int level(float bound) { return _mm_cvt_ss2si(_mm_set_ss(bound)); }

  // 32 levels in 16 bits, four of a vector and four of the other in turn.
  __m512i packed_row(const int32_t* sums) const {
    __m512i levels[2];
    for (int v = 0; v < 2; ++v) {
      const __m512 real = _mm512_cvtepi32_ps(_mm512_load_si512(sums + v * kDotWidth));
      // What 32 bits can't hold would turn into the least of them; no number stays none.
      const __m512 most = _mm512_set1_ps(65536.0F);
      levels[v] =
          _mm512_cvtps_epi32(_mm512_min_ps(most, _mm512_fmadd_ps(real, scale_[v], bias_[v])));
    }
    return _mm512_adds_epi16(_mm512_packs_epi32(levels[0], levels[1]), zero_);
  }

  const DotJob& job_;
  const int64_t column_;
  const __m512i zero_;
  __m512i hi_;
  __mmask32 mask_;
  __m512 scale_[2];
  __m512 bias_[2];
};

// Activations as they lie in memory.
template <class D>
class InPlace {
 public:
  using Sum = typename D::Sum;
  explicit InPlace(const DotJob& job) : job_(job), steps_(job.groups) {}

  int64_t step_groups() const { return steps_.length; }
  const uint32_t* weights(int64_t column) const { return job_.b + column * job_.groups; }
  void begin(int64_t row, int64_t /*rows*/) { x_ = job_.x + row * job_.stride; }

  template <bool kLower, bool kSecond>
  void multiply(int64_t row, const uint32_t* b) const {
    constexpr int64_t kVectors = kSecond ? 2 : 1;
    constexpr int64_t kPitch = kVectors * 64;  // bytes from one group's weights to the next
    const char* upper = x_ + row * job_.stride;
    const char* lower = upper + kTileRows * job_.stride;
    for (int64_t s = 0; s < steps_.steps; ++s) {
      _tile_loadd(6, b, kPitch);
      _tile_loadd(4, upper, job_.stride);
      if (kSecond) _tile_loadd(7, b + kDotWidth, kPitch);
      if (kLower) _tile_loadd(5, lower, job_.stride);
      multiply_tiles<D, kLower, kSecond>();
      b += steps_.length * kVectors * kDotWidth;
      upper += 4 * steps_.length;
      lower += 4 * steps_.length;
    }
  }

 protected:
  const DotJob& job_;

 private:
  const Steps steps_;
  const char* x_ = nullptr;
};

template <class D>
class HalfWay : public InPlace<D> {
 public:
  using InPlace<D>::InPlace;
  const void* first_sums(int64_t /*column*/) const { return nullptr; }
  void epilogue(const Stored<float>& s) const { epilogue_stored(this->job_, s); }
};

class UInt8Way : public InPlace<UInt8> {
 public:
  using InPlace::InPlace;
  const void* first_sums(int64_t column) const {
    return to_bytes_ ? job_.correction + column : nullptr;
  }
  void epilogue(const Stored<int32_t>& s) const {
    if (to_bytes_) return ByteEpilogue(job_, s.column).run(s.sums, s.row, s.rows);
    epilogue_stored(job_, s);
  }

 private:
  const bool to_bytes_ = ByteEpilogue::suits(job_.epilogue);
};

template <class W>
void run_dot(const DotJob& job) {
  Tiles<W>(job).run();
}

}  // namespace

extern const DotKernels kDotBFloat16;
const DotKernels kDotBFloat16 = {kPanelVectors, 2 * kTileRows, whole_groups,
                                 run_dot<HalfWay<BFloat16>>};
extern const DotKernels kDotFloat16Tiles;
const DotKernels kDotFloat16Tiles = {kPanelVectors, 2 * kTileRows, whole_groups,
                                     run_dot<HalfWay<Float16>>};
extern const DotKernels kDotUInt8;
const DotKernels kDotUInt8 = {kPanelVectors, 2 * kTileRows, whole_groups, run_dot<UInt8Way>};

}  // namespace thaw::cpu::amx
