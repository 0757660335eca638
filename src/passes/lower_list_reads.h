// A loop that reads the slices of a tensor through a list reads the tensor:
//   While(ListFromTensor(x), ...) {ListGet(list, i)} -> While(x, ...) {Gather(x, i, 0)}
#pragma once

#include "passes/pass.h"

namespace thaw {

// So the body's shapes become those of x's slices. A read of equal slices of a constant becomes
// such a slice. TensorArrays arrive as ListScatter(ListReserve(n), 0..n-1, x).
bool lower_list_reads(Graph& graph, const PassContext& context);

}  // namespace thaw
