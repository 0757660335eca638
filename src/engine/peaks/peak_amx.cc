// Four tiles of sums, two of one operand and two of the other, as dot_amx.cc has them.
#include <immintrin.h>

#include "engine/peaks/peak.h"

namespace thaw::cpu::amx {
namespace {

constexpr int64_t kTurnSums = 4 * 16 * 16;

// LDTILECFG's operand: all tiles are whole, 16 rows of 64 bytes.
struct alignas(64) WholeTiles {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// 1.0 in bfloat16, small numbers as bytes.
struct alignas(64) Operand {
  Operand() {
    for (uint16_t& x : numbers) x = 0x3f80;
  }
  uint16_t numbers[16 * 32];
};

void load_tiles() {
  const WholeTiles config;
  asm volatile("" ::"r"(&config) : "memory");
  _tile_loadconfig(&config);
  const Operand operand;
  asm volatile("" ::"r"(&operand) : "memory");
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, operand.numbers, 64);
  _tile_loadd(5, operand.numbers, 64);
  _tile_loadd(6, operand.numbers, 64);
  _tile_loadd(7, operand.numbers, 64);
}

void multiply_pairs(int64_t turns) {
  load_tiles();
  for (int64_t t = 0; t < turns; ++t) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

void multiply_bytes(int64_t turns) {
  load_tiles();
  for (int64_t t = 0; t < turns; ++t) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_release();
}

// As many products of bytes for one as dot_split_int8_amx.cc has.
template <int64_t kProducts>
void multiply_split(int64_t turns) {
  multiply_bytes(kProducts * turns);
}

}  // namespace

extern const PeakLoop kFloat32Peak;
const PeakLoop kFloat32Peak = {DType::kFloat32, "AMX-INT8, six for one", 64 * kTurnSums,
                               multiply_split<6>};
extern const PeakLoop kBFloat16Peak;
const PeakLoop kBFloat16Peak = {DType::kBFloat16, "AMX-BF16", 32 * kTurnSums, multiply_pairs};
extern const PeakLoop kFloat16Peak;
const PeakLoop kFloat16Peak = {DType::kFloat16, "AMX-INT8, three for one", 64 * kTurnSums,
                               multiply_split<3>};
extern const PeakLoop kInt8Peak;
const PeakLoop kInt8Peak = {DType::kInt8, "AMX-INT8", 64 * kTurnSums, multiply_bytes};

}  // namespace thaw::cpu::amx
