#include "graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "graph/infer.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Throws InputError, naming who, when no memory holds a tensor of that shape.
template <class Name>
void check_size(const Shape& shape, const Name& who) {
  if (!shape.is_static()) return;
  try {
    shape.num_elements();
  } catch (const InputError& e) {
    throw InputError(fmt::format("{}: {}", who(), e.what()));
  }
}

}  // namespace

Graph Graph::clone() const {
  Graph g;
  g.nodes_ = nodes_;
  g.values_ = values_;
  g.inputs_ = inputs_;
  g.outputs_ = outputs_;
  for (const auto& s : subgraphs_) g.subgraphs_.push_back(std::make_unique<Graph>(s->clone()));
  return g;
}

ValueId Graph::add_input(std::string name, TensorType type) {
  check_size(type.shape, [&] { return fmt::format("input '{}'", name); });
  const auto id = static_cast<ValueId>(values_.size());
  values_.push_back({std::move(name), type, kNone, 0, {}, {}});
  inputs_.push_back(id);
  return id;
}

NodeId Graph::add_node(Op op, std::vector<ValueId> inputs, std::string name) {
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back({std::move(name), std::move(op), std::move(inputs), {}, true});
  Node& n = nodes_.back();
  try {
    infer(id);
  } catch (...) {
    nodes_.pop_back();
    throw;
  }
  for (ValueId v : n.inputs) values_[v].users.push_back(id);
  return id;
}

ValueId Graph::add(Op op, std::vector<ValueId> inputs, std::string name) {
  const NodeId id = add_node(std::move(op), std::move(inputs), std::move(name));
  if (nodes_[id].outputs.size() != 1)
    throw InternalError(fmt::format("{} has {} outputs, one was expected", op_name(nodes_[id].op),
                                    nodes_[id].outputs.size()));
  return nodes_[id].outputs[0];
}

ValueId Graph::constant(Tensor value, std::string name) {
  return add(Const{std::move(value)}, {}, std::move(name));
}

ValueId Graph::constant_ints(const std::vector<int64_t>& values, DType dtype) {
  const Shape shape{static_cast<int64_t>(values.size())};
  if (dtype == DType::kInt64) return constant(Tensor::of<int64_t>(dtype, shape, values));
  return constant(Tensor::of<int32_t>(DType::kInt32, shape, {values.begin(), values.end()}));
}

ValueId Graph::constant_scalar(float value) {
  return constant(Tensor::of<float>(DType::kFloat32, {}, {value}));
}

GraphRef Graph::add_subgraph(Graph graph) {
  subgraphs_.push_back(std::make_unique<Graph>(std::move(graph)));
  return {static_cast<int64_t>(subgraphs_.size()) - 1};
}

size_t Graph::num_live_nodes() const {
  return static_cast<size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.alive; }));
}

void Graph::add_output(std::string name, ValueId value) {
  values_[value].outputs.push_back(static_cast<uint32_t>(outputs_.size()));
  outputs_.push_back({std::move(name), value});
}

void Graph::set_output(size_t i, ValueId value) {
  values_[outputs_[i].value].outputs.erase_one(static_cast<uint32_t>(i));
  outputs_[i].value = value;
  values_[value].outputs.push_back(static_cast<uint32_t>(i));
}

void Graph::remove_output(size_t i) {
  values_[outputs_[i].value].outputs.erase_one(static_cast<uint32_t>(i));
  outputs_.erase(outputs_.begin() + static_cast<long>(i));
  for (auto now = static_cast<uint32_t>(i); now < outputs_.size(); ++now) {
    IdList& places = values_[outputs_[now].value].outputs;
    *std::find(places.begin(), places.end(), now + 1) = now;
  }
}

void Graph::remove_input(size_t i) {
  if (!values_[inputs_[i]].users.empty() || is_output(inputs_[i]))
    throw InternalError("a graph input that is in use was removed");
  inputs_.erase(inputs_.begin() + static_cast<long>(i));
}

const Node* Graph::producer(ValueId id) const {
  const NodeId p = values_[id].producer;
  return p == kNone ? nullptr : &nodes_[p];
}

const Tensor* Graph::constant_value(ValueId id) const {
  const Const* c = produced_by<Const>(id);
  return c ? &c->value : nullptr;
}

bool Graph::has_one_user(ValueId id) const {
  return values_[id].users.size() == 1 && !is_output(id);
}

std::string Graph::value_name(ValueId id) const {
  const Value& v = values_[id];
  if (v.producer == kNone) return v.name;
  const std::string& n = nodes_[v.producer].name;
  return fmt::format("{}:{}", n.empty() ? fmt::format("%{}", id) : n, v.index);
}

void Graph::drop_user(ValueId value, NodeId user) {
  if (!values_[value].users.erase_one(user)) throw InternalError("a value does not know its user");
}

void Graph::set_input(NodeId node, size_t i, ValueId value) {
  ValueId& slot = nodes_[node].inputs[i];
  if (slot == value) return;
  drop_user(slot, node);
  slot = value;
  values_[value].users.push_back(node);
}

void Graph::set_inputs(NodeId node, std::vector<ValueId> inputs) {
  for (ValueId v : nodes_[node].inputs) drop_user(v, node);
  nodes_[node].inputs = std::move(inputs);
  for (ValueId v : nodes_[node].inputs) values_[v].users.push_back(node);
}

void Graph::replace_uses(ValueId from, ValueId to) {
  if (from == to) return;
  for (NodeId user : values_[from].users) {
    for (ValueId& v : nodes_[user].inputs)
      if (v == from) v = to;
    values_[to].users.push_back(user);
  }
  values_[from].users.clear();
  for (uint32_t i : values_[from].outputs) {
    outputs_[i].value = to;
    values_[to].outputs.push_back(i);
  }
  values_[from].outputs.clear();
}

void Graph::remove_node(NodeId id) {
  Node& n = nodes_[id];
  for (ValueId v : n.outputs)
    if (!values_[v].users.empty() || is_output(v))
      throw InternalError(fmt::format("node '{}' was removed while in use", n.name));
  for (ValueId v : n.inputs) drop_user(v, id);
  n.inputs.clear();
  n.op = std::monostate{};
  n.alive = false;
}

void Graph::infer(NodeId id, TypeFlow flow) {
  Node& n = nodes_[id];
  settle_nested(*this, id, flow);
  const InferContext context(*this, n);
  const std::vector<TensorType> types = std::visit(
      [&context](const auto& op) {
        using T = std::decay_t<decltype(op)>;
        if constexpr (std::is_same_v<T, std::monostate>)
          return std::vector<TensorType>{};
        else
          return thaw::infer(op, context);
      },
      n.op);
  for (const TensorType& type : types)
    check_size(type.shape, [&] { return fmt::format("node '{}' ({})", n.name, op_name(n.op)); });
  if (n.outputs.empty()) {
    for (size_t i = 0; i < types.size(); ++i) {
      n.outputs.push_back(static_cast<ValueId>(values_.size()));
      values_.push_back({{}, types[i], id, static_cast<uint32_t>(i), {}, {}});
    }
  } else {
    if (n.outputs.size() != types.size()) context.fail("the number of outputs changed");
    for (size_t i = 0; i < types.size(); ++i) values_[n.outputs[i]].type = types[i];
  }
}

void Graph::drop_unused_subgraphs() {
  std::vector<std::unique_ptr<Graph>> kept;
  const auto keep = [&](GraphRef& ref) {
    kept.push_back(std::move(subgraphs_[static_cast<size_t>(ref.index)]));
    ref.index = static_cast<int64_t>(kept.size()) - 1;
  };
  for (Node& n : nodes_) {
    if (While* loop = n.as<While>()) {
      keep(loop->cond);
      keep(loop->body);
    } else if (If* branches = n.as<If>()) {
      keep(branches->then_branch);
      keep(branches->else_branch);
    }
  }
  subgraphs_ = std::move(kept);
}

void Graph::compact() {
  std::vector<NodeId> order = topological_order();
  std::vector<ValueId> value_map(values_.size(), kNone);
  std::deque<Node> nodes;
  std::deque<Value> values;
  auto move_value = [&](ValueId v, NodeId producer) {
    value_map[v] = static_cast<ValueId>(values.size());
    values.push_back({std::move(values_[v].name),
                      values_[v].type,
                      producer,
                      values_[v].index,
                      {},
                      std::move(values_[v].outputs)});
    return value_map[v];
  };
  for (ValueId& v : inputs_) v = move_value(v, kNone);
  for (NodeId old : order) {
    const auto id = static_cast<NodeId>(nodes.size());
    Node n = std::move(nodes_[old]);
    for (ValueId& v : n.inputs) {
      v = value_map[v];
      values[v].users.push_back(id);
    }
    for (ValueId& v : n.outputs) v = move_value(v, id);
    nodes.push_back(std::move(n));
  }
  for (GraphOutput& o : outputs_) o.value = value_map[o.value];
  nodes_ = std::move(nodes);
  values_ = std::move(values);
  drop_unused_subgraphs();
}

std::vector<NodeId> Graph::topological_order() const {
  std::vector<NodeId> order;
  bool in_order = true;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].alive) continue;
    order.push_back(id);
    for (ValueId v : nodes_[id].inputs) {
      const NodeId producer = values_[v].producer;
      in_order = in_order && (producer == kNone || (producer < id && nodes_[producer].alive));
    }
  }
  if (in_order) return order;
  const size_t live = order.size();
  std::vector<uint32_t> waiting(nodes_.size(), 0);
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  for (NodeId id : order) {
    for (ValueId v : nodes_[id].inputs)
      if (values_[v].producer != kNone) ++waiting[id];
    if (waiting[id] == 0) ready.push(id);
  }
  order.clear();
  while (!ready.empty()) {
    const NodeId id = ready.top();
    ready.pop();
    order.push_back(id);
    for (ValueId out : nodes_[id].outputs)
      for (NodeId user : values_[out].users)
        if (--waiting[user] == 0) ready.push(user);
  }
  if (order.size() == live) return order;
  for (NodeId id = 0; id < nodes_.size(); ++id)
    if (nodes_[id].alive && waiting[id] > 0)
      throw InputError(fmt::format("the graph has a cycle through node '{}'", nodes_[id].name));
  throw InternalError("a node has readers that are not alive");
}

}  // namespace thaw
