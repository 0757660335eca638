// One array in numpy's .npy format (versions 1 to 3), in memory.
#pragma once

#include <string>
#include <string_view>

#include "thaw/tensor.h"

namespace thaw {

// `where` names file and array in messages. Row-major and column-major arrays of either byte order;
// objects, structures and complex numbers are an InputError.
Tensor parse_npy(std::string_view bytes, const std::string& where);

// Header and elements; kList has no such form and is an InputError.
std::string npy_bytes(const Tensor& tensor);

}  // namespace thaw
