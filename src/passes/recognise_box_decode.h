// The box coder written out, a coordinate at a time:
//   Transpose(Pack(y - h/2, x - w/2, y + h/2, x + w/2)) where y = ty / 10 * ha + ya, h = exp(th /
//   5)
//   * ha, ... of Unpack(Transpose(encodings)) -> BoxDecode(encodings, anchors)
#pragma once

#include "passes/pass.h"

namespace thaw {

bool recognise_box_decode(Graph& graph, const PassContext& context);

}  // namespace thaw
