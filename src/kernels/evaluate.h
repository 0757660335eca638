// Runs one op once on tensors at hand: for constant folding and tests.
#pragma once

#include <vector>

#include "ops/ops.h"
#include "thaw/tensor.h"

namespace thaw {

// How many outputs the op has for these inputs (their count matters, for SplitV their values too).
size_t count_outputs(const Op& op, const std::vector<Tensor>& inputs);

// The op's outputs by its reference kernel. Outputs may share inputs' buffers. Throws InputError
// for what the op refuses, and for While and If, which are no kernels.
std::vector<Tensor> evaluate(const Op& op, const std::vector<Tensor>& inputs);

}  // namespace thaw
