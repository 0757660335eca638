// The Ozaki scheme on int8: numbers become whole ones and are cut into two or three slices, signed
// digits of base 256, so that products of int8 give those of numbers with more bits. A vector x is
// scaled by split_range / max |x| and rounded, and those products of slices that count are summed
// in int32. With three slices and six products of nine errors are two to three times those of sums
// in float32, which round at each step, and less than twice from some 400 products on; with two
// slices and three products numbers are off by up to 2^-16 of the largest. See Ootomo, Ozaki,
// Yokota: "DGEMM on Integer Matrix Multiplication Unit", 2024.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thaw::cpu {

// Below 127 * (65536 + 256 + 1) or 127 * (256 + 1), the largest number, by more than rounding adds.
constexpr double split_range(int64_t slices) { return slices == 3 ? 8355700 : 32638; }
// With slices counted from the highest, the sum of products of slice i of one vector by slice j of
// another counts 256^-(i + j). With 2^-14 for sum (0, 0) their total times the two vectors' largest
// numbers and this is the product of the vectors.
constexpr float split_scale(int64_t slices) {
  return static_cast<float>((slices == 3 ? 0x1p46 : 0x1p30) / split_range(slices) /
                            split_range(slices));
}
// Of shorter vectors the slices cost more than they save; of longer ones three to a sum might not
// fit in int32.
constexpr int64_t kMinSplitLength = 32;
constexpr int64_t kMaxSplitLength = 40000;

// A vector is cut into steps of 64 numbers, filled up with zeros. Within a step four numbers from
// 16 * v + 4 * l on are group 4 * l + v: what turning four vectors of 16 by 128 bits gives.
constexpr int64_t kSplitStep = 64;
constexpr int64_t kSliceBytes = kSplitStep * 16;  // a slice of a step of 16 vectors
constexpr int64_t split_steps(int64_t k) { return (k + kSplitStep - 1) / kSplitStep; }
constexpr int64_t split_group(int64_t number) { return number % 16 / 4 * 4 + number / 16; }

// A panel of weights has 16 columns: [steps][slices][16 groups][16 columns][4] of int8.
constexpr size_t split_panel_bytes(int64_t k, int64_t slices) {
  return static_cast<size_t>(split_steps(k) * slices * kSliceBytes);
}
// Packs w, [k][n], into all panels, the last filled up with zeros. Returns what the sums of each
// column are multiplied by, split_scale in it: NaN where a weight is infinite or NaN.
std::vector<float> pack_split_panels(const float* w, int64_t k, int64_t n, int64_t slices,
                                     void* panels);

}  // namespace thaw::cpu
