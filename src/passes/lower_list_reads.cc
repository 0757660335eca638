#include "passes/lower_list_reads.h"

#include <cstring>
#include <optional>

#include "graph/infer.h"
#include "passes/extents.h"
#include "passes/match.h"
#include "passes/nested.h"

namespace thaw {
namespace {

// The tensor whose slices, all of them in order, are the list's elements; kNone when there is none.
ValueId list_source(const Graph& graph, ValueId list) {
  const Node* node = maker(graph, list);
  if (!node) return kNone;
  if (node->as<ListFromTensor>()) return node->inputs[0];
  if (!node->as<ListScatter>()) return kNone;
  const Node* reserve = maker<ListReserve>(graph, node->inputs[0]);
  const ValueId x = node->inputs[2];
  const Shape& shape = graph.value(x).type.shape;
  if (!reserve || !is_iota(graph, node->inputs[1]) || !shape.has_rank() || shape.rank() == 0)
    return kNone;
  Extents extents(graph);
  const Extent rows = extents.dim(x, 0);
  const bool all =
      extents.scalar(reserve->inputs[0]) == rows && extents.dim(node->inputs[1], 0) == rows;
  return all ? x : kNone;
}

// Every user of the list reads an element of it, and the loop hands it on once.
bool is_only_read(const Graph& body, ValueId list, DType dtype) {
  int handed_on = 0;
  for (const GraphOutput& o : body.outputs()) handed_on += o.value == list;
  if (handed_on != 1) return false;
  for (NodeId user : body.value(list).users) {
    const ListGet* get = body.node(user).as<ListGet>();
    if (!get || get->dtype != dtype) return false;
  }
  return true;
}

// The slice that a constant consists of over and over.
std::optional<Tensor> repeated_slice(const Tensor& t) {
  if (t.dim(0) == 0 || dtype_size(t.dtype()) == 0) return {};
  const size_t bytes = t.num_bytes() / static_cast<size_t>(t.dim(0));
  const auto* p = static_cast<const char*>(t.raw());
  if (t.num_bytes() > bytes && std::memcmp(p, p + bytes, t.num_bytes() - bytes) != 0) return {};
  Shape shape = t.shape();
  shape.erase(0);
  Tensor slice = Tensor::empty(t.dtype(), shape);
  if (bytes > 0) std::memcpy(slice.raw(), p, bytes);
  return slice;
}

void read_from_tensor(Graph& body, ValueId input, const Tensor* constant) {
  const std::optional<Tensor> slice = constant ? repeated_slice(*constant) : std::nullopt;
  const IdList users = body.value(input).users;
  const Tensor axis = Tensor::of<int32_t>(DType::kInt32, {}, {0});
  for (NodeId user : users) {
    const Node& get = body.node(user);
    const ValueId element =
        slice ? body.constant(*slice, get.name)
              : body.add(Gather{}, {input, get.inputs[1], body.constant(axis)}, get.name);
    body.replace_uses(body.node(user).outputs[0], element);
    body.remove_node(user);
  }
}

bool lower_variable(Graph& graph, NodeId id, size_t i) {
  const Node& node = graph.node(id);
  const While op = *node.as<While>();
  Graph& cond = graph.subgraph(op.cond);
  Graph& body = graph.subgraph(op.body);
  const ValueId input = body.inputs()[i];
  if (graph.value(node.inputs[i]).type.dtype != DType::kList || body.outputs()[i].value != input)
    return false;
  if (!cond.value(cond.inputs()[i]).users.empty() || body.value(input).users.empty()) return false;
  const ValueId out = node.outputs[i];
  if (!graph.value(out).users.empty() || graph.is_output(out)) return false;
  const ValueId x = list_source(graph, node.inputs[i]);
  if (x == kNone || !is_only_read(body, input, graph.value(x).type.dtype)) return false;
  graph.set_input(id, i, x);
  const TensorType type = graph.value(x).type;
  body.set_type(input, type);
  cond.set_type(cond.inputs()[i], type);
  read_from_tensor(body, input, graph.constant_value(x));
  return true;
}

}  // namespace

bool lower_list_reads(Graph& graph, const PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.topological_order()) {
    if (!graph.node(id).as<While>()) continue;
    bool lowered = false;
    for (size_t i = 0; i < graph.node(id).inputs.size(); ++i)
      lowered |= lower_variable(graph, id, i);
    if (!lowered) continue;
    infer_all(graph.subgraph(graph.node(id).as<While>()->body), TypeFlow::kNarrow);
    graph.infer(id, TypeFlow::kNarrow);
    changed = true;
  }
  const auto nested = [&](Graph& g) { return lower_list_reads(g, context); };
  return for_each_nested(graph, nested) || changed;
}

}  // namespace thaw
