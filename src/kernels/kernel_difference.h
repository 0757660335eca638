// How tests compare what a row gives with the reference.
#pragma once

#include <algorithm>
#include <string>

#include "kernels/exactness.h"
#include "kernels/kernel_cases.h"
#include "thaw/tensor.h"

namespace thaw {

// How near a row must come to the reference: as it says itself, or what the case adds to that.
struct Limits : Exactness {
  int levels = 1;  // that a uint8 may differ by

  Limits(const Case& c, const Exactness& row) : Exactness(row), levels(c.middle_rounds ? 3 : 1) {
    tolerance = std::max(tolerance, c.tolerance);
    if (c.middle_rounds) one_unequal = std::min<int64_t>(one_unequal, 10);
  }
};

// Empty when `actual` is `expected` as near as is asked.
std::string difference(const Tensor& actual, const Tensor& expected, const Limits& limits);

}  // namespace thaw
