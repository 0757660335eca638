#include "kernels/cpu/simd/vec_avx512.h"
#define THAW_ISA avx512
#include "engine/peaks/peak_impl.h"

namespace thaw::cpu::avx512 {
namespace {

constexpr int kFloatSums = 24;
constexpr int kByteSums = 8;

// Bytes by bytes to pairs of 16 bits, to 32 bits, and added.
void multiply_bytes(int64_t turns) {
  __m512i x = _mm512_set1_epi8(3);
  const __m512i w = _mm512_set1_epi8(5);
  const __m512i ones = _mm512_set1_epi16(1);
  __m512i sums[kByteSums];
  THAW_UNROLL
  for (int i = 0; i < kByteSums; ++i) sums[i] = _mm512_set1_epi32(i);
  for (int64_t t = 0; t < turns; ++t) {
    THAW_UNROLL
    for (int i = 0; i < kByteSums; ++i) {
      asm("" : "+v"(x));  // another x each time: the product is computed anew
      sums[i] = _mm512_add_epi32(sums[i], _mm512_madd_epi16(_mm512_maddubs_epi16(x, w), ones));
    }
  }
  __m512i out[kByteSums];
  THAW_UNROLL
  for (int i = 0; i < kByteSums; ++i) out[i] = sums[i];
  keep(out);
}

}  // namespace

extern const PeakLoop kFloat32Peak;
const PeakLoop kFloat32Peak = {DType::kFloat32, "FMA, 512 bits", kFloatSums* Vec::kWidth,
                               multiply_add<kFloatSums>};
extern const PeakLoop kInt8Peak;
const PeakLoop kInt8Peak = {DType::kInt8, "VPMADDUBSW, VPMADDWD, 512 bits",
                            kByteSums* static_cast<int64_t>(sizeof(__m512i)), multiply_bytes};
extern const MemoryLoops kMemoryLoops;
const MemoryLoops kMemoryLoops = {read_memory, copy_memory};

}  // namespace thaw::cpu::avx512
