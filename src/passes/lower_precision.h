// y = Relu6(Conv2D(x)); z = DepthwiseConv2D(y) -> the same with y in 16 or 8 bits, where only
// layers read y; elsewhere x is brought to few bits by a Cast or Quantize before the layer.
#pragma once

#include "passes/pass.h"

namespace thaw {

// Does nothing when the context asks for float32. Layers are Conv2D and DepthwiseConv2D with
// constant float32 filters. A first layer (pictures of up to 4 channels) keeps its float32 input.
// In bfloat16, values that only depthwise layers read and that a ReLU6 bounds are float16.
// In uint8 a value's range comes from the FakeQuant or QuantizeDequantize node that rounds it, from
// the context or from its activation; a layer whose input's range is not known stays in float32, as
// do those that the context keeps wide. Such nodes go where only layers read what they round.
bool lower_precision(Graph& graph, const PassContext& context);

}  // namespace thaw
