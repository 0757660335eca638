// Numbers as whole ones of 24 bits in three signed digits of base 256, so that products of int8
// give those of float32: a vector x is scaled by kDigitRange / max |x| and rounded, and of the nine
// products of digits the six that count are summed in int32. As exact as sums in float32, which
// round at each step; see Ootomo, Ozaki, Yokota: "DGEMM on Integer Matrix Multiplication Unit",
// 2024.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thaw::cpu {

constexpr int64_t kDigitCount = 3;
// Below 127 * (65536 + 256 + 1), the largest number of three digits, by more than rounding adds.
constexpr double kDigitRange = 8355700;
// Digits 0 to 2 from the highest on: sum (i, j) of digits i of one vector by digits j of another
// counts 256^-(i + j). With sum (0, 0) counting 2^-14, their total times the two vectors' largest
// numbers and this is the product of the vectors.
constexpr auto kDigitScale = static_cast<float>(0x1p46 / kDigitRange / kDigitRange);
// Of shorter vectors the digits cost more than they save; of longer ones three to a sum might not
// fit in int32.
constexpr int64_t kMinDigitLength = 32;
constexpr int64_t kMaxDigitLength = 40000;

// A vector is cut into steps of 64 numbers, filled up with zeros. Within a step four numbers from
// 16 * v + 4 * l on are group 4 * l + v: what turning four vectors of 16 by 128 bits gives.
constexpr int64_t kDigitStep = 64;
constexpr int64_t kDigitStepBytes = kDigitCount * kDigitStep * 16;  // of 16 vectors
constexpr int64_t digit_steps(int64_t k) { return (k + kDigitStep - 1) / kDigitStep; }
constexpr int64_t digit_group(int64_t number) { return number % 16 / 4 * 4 + number / 16; }

// A panel of weights has 16 columns: [steps][kDigitCount][16 groups][16 columns][4] of int8.
constexpr size_t digit_panel_bytes(int64_t k) {
  return static_cast<size_t>(digit_steps(k) * kDigitStepBytes);
}
// Packs w, [k][n], into all panels, the last filled up with zeros. Returns what the sums of each
// column are multiplied by, kDigitScale in it: NaN where a weight is infinite or NaN.
std::vector<float> pack_digit_panels(const float* w, int64_t k, int64_t n, void* panels);

}  // namespace thaw::cpu
