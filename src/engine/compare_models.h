// Two engines run on the same input.
#pragma once

#include <string>
#include <vector>

#include "thaw/engine.h"

namespace thaw {

// Noise of the input's type, the same every time. `shape` is static.
Tensor made_up_input(const TensorInfo& info, const Shape& shape);

// Runs both; empty when all outputs of one name are identical, otherwise what is not.
std::string difference(Engine& before, Engine& after, const std::vector<Tensor>& inputs);

}  // namespace thaw
