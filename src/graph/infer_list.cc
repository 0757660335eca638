// Inference rules of ops/list.h. A list's type says nothing of its elements; what is known of them
// stands in the ops that read.
#include <fmt/format.h>

#include <algorithm>

#include "graph/infer_util.h"

namespace thaw {
namespace {

const TensorType kListType{DType::kList, {}};

void require_list(const InferContext& context) { require_dtype(context, 0, DType::kList); }

void require_index(const InferContext& context, size_t input) {
  require_integer(context, input);
  require_scalar(context, input);
}

// Whether the node hands its list on with as many elements as it had.
bool keeps_length(const Node& node) {
  const ListSet* set = node.as<ListSet>();
  const ListScatter* scatter = node.as<ListScatter>();
  return node.as<Identity>() || (set && !set->grow) || (scatter && !scatter->grow);
}

// Whether a loop's body hands its list i on with as many elements as it had.
bool loop_only_writes(const Graph& body, size_t i) {
  ValueId list = body.outputs()[i].value;
  for (int steps = 0; steps < 64 && list != body.inputs()[i]; ++steps) {
    const Node* node = body.producer(list);
    if (!node || !keeps_length(*node)) return false;
    list = node->inputs[0];
  }
  return list == body.inputs()[i];
}

// How many elements a list has, when its making says so.
int64_t list_length(const Graph& graph, ValueId list) {
  for (int steps = 0; steps < 64; ++steps) {
    const Node* node = graph.producer(list);
    if (!node) return kUnknownDim;
    if (node->as<ListReserve>() || node->as<ListResize>()) {
      const std::optional<PartialInts> count = partial_ints(graph, node->inputs.back());
      if (!count || count->size() != 1) return kUnknownDim;
      return std::max((*count)[0].value_or(kUnknownDim), kUnknownDim);
    }
    if (node->as<ListFromTensor>()) {
      const Shape& shape = graph.value(node->inputs[0]).type.shape;
      return shape.has_rank() && shape.rank() > 0 ? shape[0] : kUnknownDim;
    }
    const While* loop = node->as<While>();
    if (loop && !loop_only_writes(graph.subgraph(loop->body), graph.value(list).index))
      return kUnknownDim;
    if (!loop && !keeps_length(*node)) return kUnknownDim;
    list = node->inputs[loop ? graph.value(list).index : 0];
  }
  return kUnknownDim;
}

TensorType stacked(DType dtype, const Shape& element, int64_t count) {
  if (!element.has_rank()) return {dtype, element};
  Shape shape = element;
  shape.insert(0, count);
  return {dtype, shape};
}

}  // namespace

std::vector<TensorType> infer(const ListReserve&, const InferContext& context) {
  require_inputs(context, 1);
  require_index(context, 0);
  return {kListType};
}

std::vector<TensorType> infer(const ListGet& op, const InferContext& context) {
  require_inputs(context, 2);
  require_list(context);
  require_index(context, 1);
  return {{op.dtype, op.element_shape}};
}

std::vector<TensorType> infer(const ListStack& op, const InferContext& context) {
  require_inputs(context, 1);
  require_list(context);
  const int64_t count = list_length(context.graph(), context.node().inputs[0]);
  return {stacked(op.dtype, op.element_shape, count)};
}

std::vector<TensorType> infer(const ListGather& op, const InferContext& context) {
  require_inputs(context, 2);
  require_list(context);
  require_integer(context, 1);
  return {stacked(op.dtype, op.element_shape, require_rank(context, 1, 1)[0])};
}

std::vector<TensorType> infer(const ListFromTensor&, const InferContext& context) {
  require_inputs(context, 1);
  if (context.shape(0).has_rank() && context.shape(0).rank() == 0)
    context.fail("a scalar has no elements");
  return {kListType};
}

std::vector<TensorType> infer(const ListSet&, const InferContext& context) {
  require_inputs(context, 3);
  require_list(context);
  require_index(context, 1);
  return {kListType};
}

std::vector<TensorType> infer(const ListPushBack&, const InferContext& context) {
  require_inputs(context, 2);
  require_list(context);
  return {kListType};
}

std::vector<TensorType> infer(const ListResize&, const InferContext& context) {
  require_inputs(context, 2);
  require_list(context);
  require_index(context, 1);
  return {kListType};
}

std::vector<TensorType> infer(const ListScatter&, const InferContext& context) {
  require_inputs(context, 3);
  require_list(context);
  require_integer(context, 1);
  const Shape indices = require_rank(context, 1, 1);
  if (context.shape(2).has_rank()) {
    if (context.shape(2).rank() == 0) context.fail("a scalar has no elements");
    meet_dims(indices[0], context.shape(2)[0], context);
  }
  return {kListType};
}

std::vector<TensorType> infer(const ListLength&, const InferContext& context) {
  require_inputs(context, 1);
  require_list(context);
  return {{DType::kInt32, {}}};
}

}  // namespace thaw
