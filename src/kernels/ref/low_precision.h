// Convolutions over few bits (Narrow of ops/nn.h), computed by the plain ones in float64.
#pragma once

#include "kernels/ref/ref.h"

namespace thaw::ref {

// Whether the layer asks for more than one floating type throughout.
bool is_narrow(const Narrow& op, const RunContext& context);
void run_narrow(const Conv2D& op, RunContext& context);
void run_narrow(const DepthwiseConv2D& op, RunContext& context);

}  // namespace thaw::ref
