// data_format: thaw's layers are NHWC; a node in NCHW gets Transposes around it.
#pragma once

#include "import/node_context.h"

namespace thaw {

// The attribute data_format, NHWC when absent; refuses all but NHWC and NCHW.
bool is_nchw(NodeContext& ctx);
ValueId to_nhwc(NodeContext& ctx, ValueId x);
ValueId to_nchw(NodeContext& ctx, ValueId x);

}  // namespace thaw
