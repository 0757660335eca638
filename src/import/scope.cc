#include "import/scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "import/op_outputs.h"
#include "import/op_table.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxHops = 64;

// Nodes whose output 0 is their input 0, loops and conditions set aside.
bool passes_on(const std::string& op) {
  return op == "Identity" || op == "Enter" || op == "StopGradient" || op == "Snapshot";
}

// The plain type that holds a quantised type's codes; the type itself for others.
tf::DataType code_type(tf::DataType dtype) {
  switch (dtype) {
    case tf::DT_QUINT8:
      return tf::DT_UINT8;
    case tf::DT_QINT8:
      return tf::DT_INT8;
    case tf::DT_QUINT16:
      return tf::DT_UINT16;
    case tf::DT_QINT16:
      return tf::DT_INT16;
    case tf::DT_QINT32:
      return tf::DT_INT32;
    default:
      return dtype;
  }
}

}  // namespace

Scope::Scope(GraphIndex::Nodes& nodes, const std::vector<GraphFunction::Arg>& args,
             const std::vector<std::string>& results, const std::vector<std::string>& feeds)
    : index_(nodes, args) {
  for (const std::string& tensor : results) results_.push_back(index_.resolve(tensor, "output"));
  for (const std::string& tensor : feeds) feed_keys_.insert(index_.resolve(tensor, "input").key());
  flow_ = std::make_unique<ControlFlow>(index_, results_);
  for (TensorRef result : results_)
    if (!feed_keys_.count(result.key()) && !flow_->runs_with(result, {}))
      throw InputError(fmt::format("{} is an output, but runs in only one branch of a condition",
                                   shown(index_.node(result.node))));
  mark_needed();
}

const std::vector<int32_t>& Scope::list(const Lists& lists, int32_t key) {
  static const std::vector<int32_t> empty;
  const auto it = lists.find(key);
  return it == lists.end() ? empty : it->second;
}

void Scope::mark_needed() {
  needed_.assign(static_cast<size_t>(index_.size()), 0);
  std::vector<int32_t> stack;
  auto reach = [&](TensorRef ref) {
    if (feed_keys_.count(ref.key())) return;
    needed_outputs_.insert(ref.key());
    char& mark = needed_[static_cast<size_t>(ref.node)];
    if (mark) return;
    mark = 1;
    stack.push_back(ref.node);
  };
  for (TensorRef ref : results_) reach(ref);
  while (!stack.empty()) {
    const int32_t node = stack.back();
    stack.pop_back();
    for (TensorRef ref : dependencies(node)) reach(ref);
  }
  for (int32_t node = 0; node < index_.size(); ++node) {
    if (!is_needed(node)) continue;
    needed_nodes_.push_back(node);
    file_control_flow(node);
  }
}

void Scope::file_control_flow(int32_t node) {
  const std::string& op = index_.op(node);
  if (flow_->is_loop_merge(node)) {
    variables_[flow_->frame(node)].push_back(node);
  } else if (op == "Exit" || op == "RefExit") {
    exits_[flow_->frame(index_.data_input(node, 0).node)].push_back(node);
  } else if (const CondMerge* merge = flow_->cond_merge(node)) {
    if (merge->group >= 0) merges_[merge->group].push_back(node);
  }
}

std::vector<TensorRef> Scope::dependencies(int32_t node) const {
  std::vector<TensorRef> refs;
  const std::string& op = index_.op(node);
  const RefSpan data = index_.data_inputs(node);
  if (op == "Const" || op == "HostConst") return refs;
  if (const CondMerge* merge = flow_->cond_merge(node)) {
    if (!merge->error.empty())
      throw InputError(fmt::format("{}: {}", shown(index_.node(node)), merge->error));
    if (merge->live_input >= 0) return {data[static_cast<size_t>(merge->live_input)]};
    for (const int input : merge->branch_inputs) refs.push_back(data[static_cast<size_t>(input)]);
    refs.push_back(merge->predicate);
    return refs;
  }
  if (flow_->is_loop_merge(node)) {
    const auto frame = static_cast<size_t>(flow_->frame(node));
    return {data[0], data[1], {flow_->frames()[frame].loop_cond, 0}};
  }
  const OpRow* row = find_op(op);
  size_t first = row && row->handle_first ? 1 : 0, last = data.size();
  if (is_switch(op)) last = std::min<size_t>(last, 1);
  for (size_t i = first; i < last; ++i) refs.push_back(data[i]);
  add_asserts(node, refs);
  return refs;
}

// Asserts that the node waits for, directly or through a NoOp, if they are in the same place.
void Scope::add_asserts(int32_t node, std::vector<TensorRef>& out) const {
  auto add = [&](int32_t other) {
    if (index_.op(other) == "Assert" && flow_->same_place(other, node))
      out.push_back({other, TensorRef::kControl});
  };
  for (TensorRef in : index_.control_inputs(node)) {
    add(in.node);
    if (index_.op(in.node) != "NoOp") continue;
    for (TensorRef behind : index_.control_inputs(in.node)) add(behind.node);
  }
}

int32_t Scope::constant_behind(TensorRef ref) const {
  for (int hops = 0; hops < kMaxHops; ++hops) {
    if (feed_keys_.count(ref.key())) return -1;
    const std::string& op = index_.op(ref.node);
    if (op == "Const" || op == "HostConst") return ref.node;
    if (!passes_on(op)) return -1;
    ref = index_.data_input(ref.node, 0);
  }
  return -1;
}

std::string Scope::array_behind(TensorRef handle) const {
  for (int hops = 0; hops < kMaxHops; ++hops) {
    const std::string& op = index_.op(handle.node);
    if (op == "TensorArrayV3") return index_.node(handle.node).name();
    if (!passes_on(op) && !is_switch(op)) return {};
    handle = index_.data_input(handle.node, 0);
  }
  return {};
}

Tensor Scope::constant(int32_t node, SplatBudget* budget) {
  if (const auto it = constants_.find(node); it != constants_.end()) return it->second;
  tf::NodeDef* def = index_.mutable_node(node);
  const std::string where = fmt::format("{}: attribute 'value'", shown(*def));
  auto attr = def->mutable_attr()->find("value");
  if (attr == def->mutable_attr()->end() || !attr->second.has_tensor())
    throw InputError(where + " (a tensor) is missing");
  tf::TensorProto* proto = attr->second.mutable_tensor();
  const tf::AttrValue* dtype = find_attr(*def, "dtype");
  if (dtype && dtype->type() != proto->dtype())
    throw InputError(fmt::format("{}: attribute 'dtype' is {}, the value is {}", shown(*def),
                                 tf_dtype_name(dtype->type()), tf_dtype_name(proto->dtype())));
  proto->set_dtype(code_type(proto->dtype()));
  return constants_[node] = take_tensor(proto, where, budget);
}

void Scope::count(ImportReport& report) const {
  report.nodes_in_model += static_cast<size_t>(index_.size() - index_.num_args());
  for (int32_t node = 0; node < index_.size(); ++node)
    if (index_.op(node) == "Assert" && !is_needed(node)) ++report.dropped_asserts;
  for (int32_t node : needed_nodes_) {
    if (node < index_.num_args()) continue;
    ++report.nodes_needed;
    ++report.ops[index_.op(node)];
    for (TensorRef in : index_.control_inputs(node))
      if (index_.op(in.node) != "Assert") ++report.dropped_control_edges;
  }
}

}  // namespace thaw
