#include "passes/fold_constants.h"

#include <algorithm>
#include <map>
#include <new>
#include <stdexcept>

#include "base/condition.h"
#include "base/stop.h"
#include "graph/infer.h"
#include "graph/infer_util.h"
#include "graph/inline_graph.h"
#include "thaw/error.h"

namespace thaw {
namespace {

class Folder {
 public:
  Folder(Graph& graph, const PassContext& context)
      : graph_(graph), context_(context), stale_(graph.num_nodes(), false) {}

  bool run() {
    for (NodeId id : graph_.topological_order()) visit(id);
    return changed_;
  }

 private:
  void visit(NodeId id);
  void visit_nested(NodeId id);
  bool refresh(NodeId id);
  bool inline_branch(NodeId id);
  bool evaluate(NodeId id);
  bool read_out(NodeId id);
  bool within_budget(NodeId id, size_t most) const;
  std::vector<Tensor> results_of(NodeId id, const std::vector<Tensor>& inputs, size_t most) const;
  void replace(NodeId id, const std::vector<ValueId>& values);
  void drop_unread(const std::vector<ValueId>& constants);
  void mark_users(ValueId value);

  Graph& graph_;
  const PassContext& context_;
  std::vector<bool> stale_;  // by node: an input's type or value is known better than before
  bool changed_ = false;
};

void Folder::mark_users(ValueId value) {
  for (NodeId user : graph_.value(value).users)
    if (user < stale_.size()) stale_[user] = true;
}

// Infers the node's types again when its inputs got more exact.
bool Folder::refresh(NodeId id) {
  if (!stale_[id]) return true;
  std::vector<TensorType> before;
  for (ValueId v : graph_.node(id).outputs) before.push_back(graph_.value(v).type);
  try {
    graph_.infer(id, TypeFlow::kNarrow);
  } catch (const InputError&) {
    return false;  // impossible as it stands; the run says so if it gets there
  }
  for (size_t i = 0; i < before.size(); ++i)
    if (!(before[i] == graph_.value(graph_.node(id).outputs[i]).type))
      mark_users(graph_.node(id).outputs[i]);
  return true;
}

void Folder::visit(NodeId id) {
  const Node& node = graph_.node(id);
  if (!node.alive || node.as<Const>() || !refresh(id)) return;
  if (node.as<Assert>()) return;
  if (node.as<If>() && inline_branch(id)) return;
  if (node.as<While>() || node.as<If>()) return visit_nested(id);
  if (!evaluate(id)) read_out(id);
}

void Folder::visit_nested(NodeId id) {
  const auto fold = [this](GraphRef ref) {
    changed_ = fold_constants(graph_.subgraph(ref), context_) || changed_;
  };
  if (const auto* loop = graph_.node(id).as<While>()) {
    const While op = *loop;
    fold(op.cond);
    fold(op.body);
  } else {
    const If op = *graph_.node(id).as<If>();
    fold(op.then_branch);
    fold(op.else_branch);
  }
  stale_[id] = true;
  refresh(id);
}

bool Folder::inline_branch(NodeId id) {
  const Node& node = graph_.node(id);
  const Tensor* predicate = graph_.constant_value(node.inputs[0]);
  if (!predicate) return false;
  const If op = *node.as<If>();
  Graph branch = graph_.subgraph(is_true(*predicate) ? op.then_branch : op.else_branch).clone();
  fold_constants(branch, context_);
  replace(id, inline_graph(graph_, branch, {node.inputs.begin() + 1, node.inputs.end()}));
  return true;
}

// Of the tensor and of the text in it.
size_t bytes_of(const Tensor& t) {
  size_t bytes = tensor_bytes(t.dtype(), t.shape());
  if (t.dtype() == DType::kString)
    for (int64_t i = 0; i < t.num_elements(); ++i) bytes += t.data<std::string>()[i].size();
  return bytes;
}

// Whether what is known of the results before they are there is no more than `most` bytes.
bool Folder::within_budget(NodeId id, size_t most) const {
  for (ValueId v : graph_.node(id).outputs) {
    const TensorType& type = graph_.value(v).type;
    if (type.shape.is_static() && tensor_bytes(type.dtype, type.shape) > most) return false;
  }
  return true;
}

// None when the op refuses, or when they or the work itself need more memory than `most` bytes and
// as much again.
std::vector<Tensor> Folder::results_of(NodeId id, const std::vector<Tensor>& inputs,
                                       size_t most) const {
  const MemoryScope scope(std::make_shared<MemoryBudget>(2 * most, context_.folded));
  try {
    if (!within_budget(id, most)) return {};
    check_stop();
    std::vector<Tensor> results = context_.evaluate(graph_.node(id).op, inputs);
    size_t bytes = 0;
    for (Tensor& t : results) {
      if (t.unique()) charge_contents(t);
      bytes += bytes_of(t);
    }
    return bytes <= most ? results : std::vector<Tensor>();
  } catch (const InputError&) {
  } catch (const ResourceError&) {
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  return {};
}

// An op on constants; lists are values of the run alone.
bool Folder::evaluate(NodeId id) {
  const Node& node = graph_.node(id);
  std::vector<Tensor> inputs;
  for (ValueId v : node.inputs) {
    const Tensor* constant = graph_.constant_value(v);
    if (!constant) return false;
    inputs.push_back(*constant);
  }
  for (ValueId v : node.outputs)
    if (graph_.value(v).type.dtype == DType::kList) return false;
  std::map<const void*, size_t> sizes;  // what is read twice is there once
  for (const Tensor& t : inputs) sizes[t.raw()] = bytes_of(t);
  size_t bytes = 0;
  for (const auto& [data, size] : sizes) bytes += size;
  std::vector<Tensor> results = results_of(id, inputs, std::max(bytes, context_.max_folded_bytes));
  if (results.empty()) return false;
  std::vector<ValueId> values;
  for (Tensor& t : results) values.push_back(graph_.constant(std::move(t), node.name));
  replace(id, values);
  return true;
}

// Few integers that follow from shapes, whether or not the tensors behind them are constant.
bool Folder::read_out(NodeId id) {
  const Node& node = graph_.node(id);
  if (node.outputs.size() != 1 || node.inputs.empty()) return false;
  const TensorType type = graph_.value(node.outputs[0]).type;
  const bool is_index = type.dtype == DType::kInt32 || type.dtype == DType::kInt64;
  if (!is_index || !type.shape.is_static() || type.shape.rank() > 1) return false;
  const std::optional<PartialInts> known = partial_ints(graph_, node.outputs[0]);
  if (!known || !std::all_of(known->begin(), known->end(), [](const auto& v) { return v; }))
    return false;
  if (static_cast<int64_t>(known->size()) != type.shape.num_elements()) return false;
  Tensor t = Tensor::empty(type.dtype, type.shape);
  for (size_t i = 0; i < known->size(); ++i) {
    if (type.dtype == DType::kInt64)
      t.data<int64_t>()[i] = *(*known)[i];
    else
      t.data<int32_t>()[i] = static_cast<int32_t>(*(*known)[i]);
  }
  replace(id, {graph_.constant(std::move(t), node.name)});
  return true;
}

void Folder::replace(NodeId id, const std::vector<ValueId>& values) {
  const std::vector<ValueId> outputs = graph_.node(id).outputs;
  for (size_t i = 0; i < outputs.size(); ++i) {
    mark_users(outputs[i]);
    graph_.replace_uses(outputs[i], values[i]);
  }
  const std::vector<ValueId> inputs = graph_.node(id).inputs;
  graph_.remove_node(id);
  drop_unread(inputs);
  changed_ = true;
}

// Frees constants that were only steps on the way to others.
void Folder::drop_unread(const std::vector<ValueId>& constants) {
  for (ValueId v : constants)
    if (graph_.constant_value(v) && graph_.value(v).users.empty() && !graph_.is_output(v))
      graph_.remove_node(graph_.value(v).producer);
}

}  // namespace

bool fold_constants(Graph& graph, const PassContext& context) {
  return Folder(graph, context).run();
}

}  // namespace thaw
