// Strides, dilations and padding of convolutions and pools, checked.
#pragma once

#include "import/node_context.h"

namespace thaw {

// Reads strides, padding, and, where the op has them, dilations and explicit_paddings.
Window read_window(NodeContext& ctx, bool nchw);
// The {height, width} of a list of four numbers in the node's data format, each at least 1; the
// batch's and the channels' must be 1.
std::array<int64_t, 2> spatial(NodeContext& ctx, const char* name, const std::vector<int64_t>& four,
                               bool nchw);

template <class T>
void set_window(T& op, const Window& window) {
  static_cast<Window&>(op) = window;
}

}  // namespace thaw
