// What TensorFlow takes for true where a branch or a loop asks.
#pragma once

#include "thaw/tensor.h"

namespace thaw {

// Of a scalar a bool, a number that is not 0, a string that is not empty; any other tensor when it
// has elements, whatever they are.
bool is_true(const Tensor& condition);

}  // namespace thaw
