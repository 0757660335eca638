// How near a kernel's results come to the reference's; rows of kernel tables say it, and tests hold
// them to it.
#pragma once

#include <cstdint>

namespace thaw {

struct Exactness {
  // Relative to the largest result; 0: the same numbers. 16-bit floats may differ by one unit in
  // the last place more.
  float tolerance = 0;
  bool by_element = false;      // relative to each result instead
  int64_t one_unequal = 100;    // of so many uint8 results one may differ by a level
  bool nan_is_clamped = false;  // NaN may come out as one of the activation's bounds, or infinite
};

inline constexpr Exactness kSameNumbers{};
inline constexpr Exactness kFunctions{3e-7F, true};  // of one number
inline constexpr Exactness kNormalised{1e-6F};
inline constexpr Exactness kFloat32Sums{1e-5F};  // in any order
// Products are off by up to 2^-14, and sums may be many times a ReLU6's bound.
inline constexpr Exactness kShortProducts{2e-3F, false, 10};
// Numbers are off by 2^-16 of the largest, and sums may be many times a ReLU6's bound.
inline constexpr Exactness kTwoSlices{1e-2F};
// Products of float16 are summed eight at a time in float16.
inline constexpr Exactness kEightInFloat16{2e-3F, false, 3};
inline constexpr Exactness kFloat16Accumulation{4e-3F};
// Of other people's libraries.
inline constexpr Exactness kForeignSums{1e-5F, false, 100, true};

}  // namespace thaw
