// Convolutions over few bits (ActivationTypes of ops/nn.h), computed by the plain ones in float64.
#pragma once

#include "kernels/ref/ref.h"

namespace thaw::ref {

// Whether the layer asks for more than one floating type throughout.
bool is_low_precision(const ActivationTypes& op, const RunContext& context);
void run_low_precision(const Conv2D& op, RunContext& context);
void run_low_precision(const DepthwiseConv2D& op, RunContext& context);

}  // namespace thaw::ref
