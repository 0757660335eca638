// Shape and type inference: what is known of a node's outputs from what is known of its inputs.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace thaw {

// What a rule may look at: the op's input types and, where they are constant, their values.
class InferContext {
 public:
  InferContext(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}
  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  size_t num_inputs() const { return node_.inputs.size(); }
  const TensorType& input(size_t i) const { return graph_.value(node_.inputs[i]).type; }
  const Shape& shape(size_t i) const { return input(i).shape; }
  DType dtype(size_t i) const { return input(i).dtype; }
  const Tensor* constant(size_t i) const { return graph_.constant_value(node_.inputs[i]); }
  // Throws InputError "node 'x' (Conv2D): <what>".
  [[noreturn]] void fail(const std::string& what) const;
  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }

 private:
  const Graph& graph_;
  const Node& node_;
};

// One overload for each op in ops.inc, in infer_<family>.cc. A rule never invents: what it does not
// know stays unknown, and a result that is impossible is an InputError.
#define OP(Name) std::vector<TensorType> infer(const Name& op, const InferContext& context);
#include "ops/ops.inc"
#undef OP

// Fits the types of a While's or If's nested graphs to what flows into the node: widened until they
// admit it (and, in a loop, what the body itself gives back), or first narrowed to just that. Other
// nodes are left alone. Throws InputError when a type is impossible.
void settle_nested(Graph& graph, NodeId node, TypeFlow flow);
// Infers every node anew from the types of the graph's inputs, nested graphs included.
void infer_all(Graph& graph, TypeFlow flow);

// numpy's broadcasting of two shapes, of which not all need be known.
Shape broadcast_shapes(const Shape& a, const Shape& b, const InferContext& context);
// Extent of a window's output along one axis (0 height, 1 width); kUnknownDim when input is.
int64_t window_output(const Window& window, int axis, int64_t input, int64_t kernel,
                      const InferContext& context);

}  // namespace thaw
