#include "ops/reshape.h"

#include <limits>

namespace thaw {
namespace {

// The product of the extents, or the largest number where that is none.
int64_t product(const Shape& shape, bool but_zeros) {
  int64_t product = 1;
  for (int64_t extent : shape)
    if ((extent != 0 || !but_zeros) && __builtin_mul_overflow(product, extent, &product))
      return std::numeric_limits<int64_t>::max();
  return product;
}

}  // namespace

int64_t open_extent(const Shape& in, const Shape& sizes, int open) {
  Shape others = sizes;
  others.erase(open);
  bool empty = false;
  for (int64_t extent : others) empty = empty || extent == 0;
  return product(in, empty) / product(others, true);
}

}  // namespace thaw
