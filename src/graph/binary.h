// The binary form of a graph: what the text form says, quicker to read. Tensors lie elsewhere; the
// graph has their numbers in a table that the caller keeps.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "graph/graph.h"

namespace thaw {

// `number` is called once for each tensor among the attributes, in order of writing. Nodes get new
// ids, 0, 1, ... in the order of topological_order(); so do the nodes of nested graphs.
void write_graph(const Graph& graph, ByteWriter& out,
                 const std::function<uint32_t(const Graph&, NodeId, const Tensor&)>& number);

// Reads what write_graph wrote; `tensor` gives the tensors back. Throws InputError when the bytes
// are no graph.
Graph read_graph(ByteReader& in, const std::function<Tensor(uint32_t)>& tensor);

// The types of tensors, in the same form.
void write_type(const TensorType& type, ByteWriter& out);
void write_shape(const Shape& shape, ByteWriter& out);
TensorType read_type(ByteReader& in);
Shape read_shape(ByteReader& in);

}  // namespace thaw
