// Numbers as whole ones in two or three signed digits of base 256, so that products of int8 give
// those of numbers with more bits: a vector x is scaled by digit_range / max |x| and rounded, and
// those products of digits that count are summed in int32. With three digits and six products of
// nine errors are two to three times those of sums in float32, which round at each step, and less
// than twice from some 400 products on; with two digits and three products numbers are off by up to
// 2^-16 of the largest. See Ootomo, Ozaki, Yokota: "DGEMM on Integer Matrix Multiplication Unit",
// 2024.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thaw::cpu {

// Below 127 * (65536 + 256 + 1) or 127 * (256 + 1), the largest number, by more than rounding adds.
constexpr double digit_range(int64_t digits) { return digits == 3 ? 8355700 : 32638; }
// With digits counted from the highest, the sum of products of digit i of one vector by digit j of
// another counts 256^-(i + j). With 2^-14 for sum (0, 0) their total times the two vectors' largest
// numbers and this is the product of the vectors.
constexpr float digit_scale(int64_t digits) {
  return static_cast<float>((digits == 3 ? 0x1p46 : 0x1p30) / digit_range(digits) /
                            digit_range(digits));
}
// Of shorter vectors the digits cost more than they save; of longer ones three to a sum might not
// fit in int32.
constexpr int64_t kMinDigitLength = 32;
constexpr int64_t kMaxDigitLength = 40000;

// A vector is cut into steps of 64 numbers, filled up with zeros. Within a step four numbers from
// 16 * v + 4 * l on are group 4 * l + v: what turning four vectors of 16 by 128 bits gives.
constexpr int64_t kDigitStep = 64;
constexpr int64_t kDigitBytes = kDigitStep * 16;  // a digit of a step of 16 vectors
constexpr int64_t digit_steps(int64_t k) { return (k + kDigitStep - 1) / kDigitStep; }
constexpr int64_t digit_group(int64_t number) { return number % 16 / 4 * 4 + number / 16; }

// A panel of weights has 16 columns: [steps][digits][16 groups][16 columns][4] of int8.
constexpr size_t digit_panel_bytes(int64_t k, int64_t digits) {
  return static_cast<size_t>(digit_steps(k) * digits * kDigitBytes);
}
// Packs w, [k][n], into all panels, the last filled up with zeros. Returns what the sums of each
// column are multiplied by, digit_scale in it: NaN where a weight is infinite or NaN.
std::vector<float> pack_digit_panels(const float* w, int64_t k, int64_t n, int64_t digits,
                                     void* panels);

}  // namespace thaw::cpu
