// The one intermediate representation: a graph of ops over values, both addressed by id.
//
// A graph is pure dataflow: an op has no side effects (Assert alone stays for its message), so any
// topological order is right. Control flow is structured: While and If nodes own nested graphs.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "graph/id_list.h"
#include "ops/ops.h"

namespace thaw {

using ValueId = uint32_t;
using NodeId = uint32_t;
constexpr uint32_t kNone = ~uint32_t{0};

// What is known of a value before the run.
struct TensorType {
  DType dtype = DType::kInvalid;
  Shape shape = Shape::unknown();
  bool operator==(const TensorType& o) const { return dtype == o.dtype && shape == o.shape; }
  std::string str() const { return dtype_name(dtype) + shape.str(); }
};

// How types flow into nested graphs. Widening keeps what they declare as long as it admits what
// flows in; narrowing makes them as exact as that is.
enum class TypeFlow : uint8_t { kWiden, kNarrow };

// A tensor that flows: one output of a node, or an input of the graph (producer kNone).
struct Value {
  std::string name;  // of a graph input; a node's outputs are called after the node
  TensorType type;
  NodeId producer = kNone;
  uint32_t index = 0;  // which output of the producer
  IdList users;        // a node appears once for each of its inputs that is this value
  IdList outputs;      // which of the graph's outputs are this value
};

struct Node {
  std::string name;  // the TF node it came from; need not be unique
  Op op;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  bool alive = true;  // a removed node keeps its id

  template <class T>
  const T* as() const {
    return std::get_if<T>(&op);
  }
  template <class T>
  T* as() {
    return std::get_if<T>(&op);
  }
};

// A result under the name that people know it by.
struct GraphOutput {
  std::string name;
  ValueId value = kNone;
};

class Graph {
 public:
  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;
  Graph clone() const;  // deep but for the constants' buffers, which are shared

  ValueId add_input(std::string name, TensorType type);
  // Appends a node and infers its outputs' types. Throws InputError, naming the node, when the
  // inputs don't suit the op.
  NodeId add_node(Op op, std::vector<ValueId> inputs, std::string name = {});
  // The same for a node of one output; returns that value.
  ValueId add(Op op, std::vector<ValueId> inputs, std::string name = {});
  ValueId constant(Tensor value, std::string name = {});
  ValueId constant_ints(const std::vector<int64_t>& values, DType dtype = DType::kInt32);
  ValueId constant_scalar(float value);
  GraphRef add_subgraph(Graph graph);

  const Node& node(NodeId id) const { return nodes_[id]; }
  const Value& value(ValueId id) const { return values_[id]; }
  Op& op(NodeId id) { return nodes_[id].op; }
  void set_name(NodeId id, std::string name) { nodes_[id].name = std::move(name); }
  void set_type(ValueId id, TensorType type) { values_[id].type = type; }
  size_t num_nodes() const { return nodes_.size(); }  // removed ones included: the bound of ids
  size_t num_values() const { return values_.size(); }
  size_t num_live_nodes() const;
  const Graph& subgraph(GraphRef ref) const { return *subgraphs_[static_cast<size_t>(ref.index)]; }
  Graph& subgraph(GraphRef ref) { return *subgraphs_[static_cast<size_t>(ref.index)]; }
  size_t num_subgraphs() const { return subgraphs_.size(); }

  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<GraphOutput>& outputs() const { return outputs_; }
  void add_output(std::string name, ValueId value);
  void set_output(size_t i, ValueId value);
  void remove_output(size_t i);
  void remove_input(size_t i);  // of a nested graph; the value must have no users

  // The node that makes a value, nullptr for a graph input; its constant, nullptr for others.
  const Node* producer(ValueId id) const;
  const Tensor* constant_value(ValueId id) const;
  template <class T>
  const T* produced_by(ValueId id) const {  // the op that makes the value, if it is a T
    const Node* n = producer(id);
    return n ? n->as<T>() : nullptr;
  }
  bool is_output(ValueId id) const { return !values_[id].outputs.empty(); }
  // Exactly one node reads the value, once, and it is no output of the graph.
  bool has_one_user(ValueId id) const;
  std::string value_name(ValueId id) const;  // "node:0", or the input's name

  void set_input(NodeId node, size_t i, ValueId value);
  void set_inputs(NodeId node, std::vector<ValueId> inputs);
  // Every reader of `from`, and every graph output that it is, takes `to` instead.
  void replace_uses(ValueId from, ValueId to);
  // The node must have no users left.
  void remove_node(NodeId id);
  // Infers the types of the node's outputs anew, those of its nested graphs first.
  void infer(NodeId id, TypeFlow flow = TypeFlow::kWiden);
  // Drops removed nodes, their values and nested graphs; all ids change.
  void compact();

  // Live nodes, producers before consumers and otherwise by id. Throws InputError, naming a node,
  // on a cycle.
  std::vector<NodeId> topological_order() const;

 private:
  friend struct GraphBreaker;  // the verifier's test
  void drop_unused_subgraphs();
  void drop_user(ValueId value, NodeId user);

  std::deque<Node> nodes_;
  std::deque<Value> values_;
  std::vector<ValueId> inputs_;
  std::vector<GraphOutput> outputs_;
  std::vector<std::unique_ptr<Graph>> subgraphs_;
};

}  // namespace thaw
