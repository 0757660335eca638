// What only feeds multi-class NMS becomes part of it:
//   MultiClassNms(BoxDecode(e, a), Slice(Sigmoid(x), drop the first k columns), w, fields...) ->
//   MultiClassNms(e, x, w, a, fields...) {background=k, logits=true, decode=true}
// each part for itself: a BoxDecode or Sigmoid that others read too stays. Fields whose results
// nobody reads are dropped first.
#pragma once

#include "passes/pass.h"

namespace thaw {

bool fuse_multi_class_nms(Graph& graph, const PassContext& context);

}  // namespace thaw
