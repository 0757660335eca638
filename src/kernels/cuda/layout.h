// Where elements of one tensor lie in another, as text for code/.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/rows.h"

namespace thaw::cuda {

// The sum of stride * index over the dimensions, where `i` counts the elements of the shape.
std::string place_expression(const Shape& shape, const std::vector<int64_t>& strides);
// In elements, of a tensor that lies as its shape says.
std::vector<int64_t> dense_strides(const Shape& shape);
// Those of an operand that is broadcast to `whole`.
std::vector<int64_t> broadcast_strides(const Shape& operand, const Shape& whole);

}  // namespace thaw::cuda
