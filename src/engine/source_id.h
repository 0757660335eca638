// Which sources this thaw was built from, as far as plans depend on them.
#pragma once

namespace thaw {

// A hash over ops, graph, passes, kernels and engine: plans of other sources are not used, for
// passes may have got better and kernels may pack their weights otherwise.
const char* source_id();

}  // namespace thaw
