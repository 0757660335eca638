// Two engines run on the same inputs.
#pragma once

#include <string>
#include <vector>

#include "base/noise.h"
#include "thaw/engine.h"

namespace thaw {

// Noise of the input's type, the same every time and different for each input's name; `shape` is
// static, or of unknown rank: the input is not fed.
Tensor made_up_input(const TensorInfo& info, const Shape& shape,
                     Integers integers = Integers::kSmall);

// For each of `to` the position of the same tensor in `from`. Throws InternalError where one is
// not there.
std::vector<size_t> positions(const std::vector<TensorInfo>& to,
                              const std::vector<TensorInfo>& from);

// Empty when both hold identical tensors, otherwise which output differs.
std::string difference(const std::vector<TensorInfo>& infos, const std::vector<Tensor>& a,
                       const std::vector<Tensor>& b);

}  // namespace thaw
