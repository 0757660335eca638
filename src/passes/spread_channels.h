// Channels of a value brought to one range, so that 8-bit levels serve each of them.
#pragma once

#include "graph/graph.h"
#include "thaw/options.h"

namespace thaw {

// A layer makes x, with a constant filter, and only depthwise layers read it: the layer's filter
// and bias are scaled up channel by channel until each channel's range fills the tensor's, and the
// readers' filters are scaled down by as much. Results stay what they were but for what is clipped
// to a channel's range. Nothing happens where the ranges are not those of x's channels.
void spread_channels(Graph& graph, ValueId x, const ValueRange& range);

}  // namespace thaw
