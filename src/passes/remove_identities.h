// Drops nodes that change nothing: y = Identity(x) -> x; so do a Cast to the same type, a Reshape,
// Squeeze or ExpandDims to the same shape, a Transpose that moves nothing, a Concat, Pack or AddN
// of one, a Pad of nothing, a Tile and a Slice of the whole; Pack(Unpack(x)) and
// Concat(Split(x)); and Reshape(Reshape(x)) -> Reshape(x).
#pragma once

#include "passes/pass.h"

namespace thaw {

bool remove_identities(Graph& graph, const PassContext& context);

}  // namespace thaw
