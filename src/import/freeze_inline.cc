#include "import/freeze_inline.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "import/control_flow.h"
#include "import/graph_prune.h"
#include "import/tensor_name.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using NodeList = google::protobuf::RepeatedPtrField<tf::NodeDef>;

// Functions call each other at most this deep, and inlining makes at most so many nodes: a few
// functions that each call the next twice would fill any memory.
constexpr size_t kMaxCallDepth = 64;
constexpr uint64_t kMaxInlinedNodes = 200000;
constexpr uint64_t kMaxInlinedBytes = uint64_t{64} << 20;

// Nodes and bytes; sums stop at a large number instead of overflowing.
struct Size {
  uint64_t nodes = 0;
  uint64_t bytes = 0;
  Size& operator+=(const Size& other) {
    constexpr uint64_t kEnough = uint64_t{1} << 48;
    nodes = std::min(nodes + other.nodes, kEnough);
    bytes = std::min(bytes + other.bytes, kEnough);
    return *this;
  }
};

bool is_call_op(const std::string& op) {
  return op == "PartitionedCall" || op == "StatefulPartitionedCall";
}

// One graph under construction: the top graph, or a function of a While or If.
struct InlineScope {
  NodeList nodes;
  std::unordered_set<std::string> names;
  // Tensors that turned out to be others: results of calls, arguments of functions.
  std::unordered_map<std::string, std::string> aliases;
  std::unordered_set<std::string> args;  // those aliases that are arguments
};

// A function as it is used at one place.
struct Body {
  NodeList nodes;
  std::vector<std::string> args;
  std::unordered_map<std::string, std::string> names;  // of its nodes and arguments, in the scope
};

class Inliner {
 public:
  Inliner(tf::GraphDef* graph, OpOutputs* ops, const std::string& path)
      : graph_(graph), ops_(ops), path_(path) {
    for (tf::FunctionDef& f : *graph->mutable_library()->mutable_function())
      if (!library_.emplace(f.signature().name(), &f).second)
        throw InputError(
            fmt::format("{}: the library has two functions '{}'", path, f.signature().name()));
  }

  InlinedGraph run(const std::vector<std::string>& reserved, std::vector<std::string>* outputs);

 private:
  // How often each function is needed in all; throws for missing and recursive ones, and where they
  // would take too much.
  void plan(const NodeList& top);
  void count_uses(const NodeList& nodes, const std::string& caller);
  void count_function(const std::string& name, const std::string& user);
  void callees(const tf::NodeDef& node, std::vector<std::string>* names) const;
  bool calls_function(const tf::NodeDef& node) const;

  void add_node(InlineScope* scope, tf::NodeDef node, bool guarded);
  void add_call(InlineScope* scope, const tf::NodeDef& node, bool guarded);
  void add_functional(InlineScope* scope, tf::NodeDef node);
  std::string add_function(const std::string& name);
  // Puts the nodes of `f` into the scope; returns the tensors of its results, and the control
  // results in `controls`.
  std::vector<std::string> add_body(InlineScope* scope, const tf::FunctionDef& f,
                                    const tf::NodeDef* call, const std::vector<std::string>& guards,
                                    std::vector<std::string>* controls);
  std::string scoped_tensor(const tf::FunctionDef& f, const Body& body,
                            const std::unordered_map<std::string_view, const tf::NodeDef*>& by_name,
                            const std::string& input) const;
  NodeList take_nodes(const std::string& name);
  void bind_attrs(tf::NodeDef* node, const tf::NodeDef* call) const;
  std::string unique(InlineScope* scope, const std::string& name) const;
  std::string resolve(const InlineScope& scope, const std::string& tensor) const;
  void resolve_all(InlineScope* scope) const;
  const tf::FunctionDef& function(const std::string& name, const std::string& user) const;

  tf::GraphDef* graph_;
  OpOutputs* ops_;
  const std::string& path_;
  std::unordered_map<std::string, tf::FunctionDef*> library_;
  std::unordered_map<std::string, uint64_t> uses_;
  std::vector<std::string> active_;                 // the chain of calls being followed
  std::unordered_map<std::string, Size> expanded_;  // a function with all it calls
  std::unordered_map<std::string, std::vector<std::string>> callees_;
  std::vector<std::string> order_;  // a function after all it calls
  std::unordered_set<std::string> function_names_;
  std::map<std::string, GraphFunction> functions_;
};

bool has_branches(const NodeList& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const tf::NodeDef& node) {
    return is_switch(node.op()) || node.op() == "Enter";
  });
}

const tf::FunctionDef& Inliner::function(const std::string& name, const std::string& user) const {
  const auto it = library_.find(name);
  if (it == library_.end())
    throw InputError(fmt::format("{}: node '{}' calls function '{}', which is not in the library",
                                 path_, user, name));
  return *it->second;
}

bool Inliner::calls_function(const tf::NodeDef& node) const {
  return is_call_op(node.op()) || library_.count(node.op()) != 0;
}

void Inliner::callees(const tf::NodeDef& node, std::vector<std::string>* names) const {
  if (is_call_op(node.op())) {
    const tf::AttrValue* f = find_attr(node, "f");
    names->push_back(f ? f->func().name() : "");
  } else if (library_.count(node.op())) {
    names->push_back(node.op());
  } else if (is_functional_op(node.op())) {
    for (std::string& name : function_names(node)) names->push_back(std::move(name));
  }
}

void Inliner::count_uses(const NodeList& nodes, const std::string& caller) {
  Size total;
  std::vector<std::string> names;
  for (const tf::NodeDef& node : nodes) {
    total += {1, node.ByteSizeLong()};
    names.clear();
    callees(node, &names);
    for (const std::string& name : names) {
      count_function(name, node.name());
      total += expanded_[name];
      callees_[caller].push_back(name);
    }
  }
  expanded_[caller] = total;
}

void Inliner::count_function(const std::string& name, const std::string& user) {
  if (std::find(active_.begin(), active_.end(), name) != active_.end())
    throw InputError(fmt::format("{}: function '{}' calls itself ({} -> {})", path_, name,
                                 fmt::join(active_, " -> "), name));
  const tf::FunctionDef& f = function(name, user);
  if (expanded_.count(name)) return;
  if (active_.size() >= kMaxCallDepth)
    throw InputError(fmt::format("{}: functions call each other more than {} deep, at '{}'", path_,
                                 kMaxCallDepth, name));
  active_.push_back(name);
  count_uses(f.node_def(), name);
  active_.pop_back();
  order_.push_back(name);
}

void Inliner::plan(const NodeList& top) {
  count_uses(top, "");
  const Size& total = expanded_[""];
  const uint64_t max_bytes = kMaxInlinedBytes + 2 * graph_->ByteSizeLong();
  if (total.nodes > kMaxInlinedNodes + static_cast<uint64_t>(top.size()) || total.bytes > max_bytes)
    throw InputError(
        fmt::format("{}: inlining its functions would make {} nodes of {} bytes, at most {} and {} "
                    "are possible",
                    path_, total.nodes, total.bytes, kMaxInlinedNodes, max_bytes));
  // Callers come after what they call in order_; going backwards, a caller's uses are complete.
  for (const std::string& name : callees_[""]) ++uses_[name];
  for (auto it = order_.rbegin(); it != order_.rend(); ++it)
    for (const std::string& name : callees_[*it]) uses_[name] += uses_[*it];
}

std::string Inliner::unique(InlineScope* scope, const std::string& name) const {
  if (scope->names.insert(name).second) return name;
  for (int i = 1;; ++i) {
    std::string candidate = fmt::format("{}_{}", name, i);
    if (scope->names.insert(candidate).second) return candidate;
  }
}

std::string Inliner::resolve(const InlineScope& scope, const std::string& tensor) const {
  std::string at = tensor;
  for (size_t hops = 0; hops <= scope.aliases.size(); ++hops) {
    const auto it = scope.aliases.find(at);
    if (it == scope.aliases.end()) return at;
    at = it->second;
  }
  throw InputError(fmt::format("{}: tensor '{}' is the result of itself", path_, tensor));
}

void Inliner::resolve_all(InlineScope* scope) const {
  if (scope->aliases.empty()) return;
  for (tf::NodeDef& node : scope->nodes)
    for (std::string& input : *node.mutable_input()) {
      if (input[0] != '^')
        input = resolve(*scope, input);
      else if (scope->args.count(input.substr(1)))
        input = "^" + std::string(split_tensor_name(resolve(*scope, input.substr(1))).node);
    }
}

void Inliner::add_node(InlineScope* scope, tf::NodeDef node, bool guarded) {
  if (calls_function(node))
    add_call(scope, node, guarded);
  else if (is_functional_op(node.op()))
    add_functional(scope, std::move(node));
  else
    *scope->nodes.Add() = std::move(node);
}

// `guarded`: the caller's graph has Switch or Enter nodes, so that a constant of the function must
// not come alive without the call's inputs.
void Inliner::add_call(InlineScope* scope, const tf::NodeDef& node, bool guarded) {
  std::vector<std::string> names, controls, guards;
  callees(node, &names);
  const tf::FunctionDef& f = function(names[0], node.name());
  tf::NodeDef done;  // what waits for the call waits for this
  if (guarded)
    for (const std::string& input : node.input())
      guards.push_back(input[0] == '^' ? input : "^" + std::string(split_tensor_name(input).node));
  const std::vector<std::string> results = add_body(scope, f, &node, guards, &controls);
  for (size_t i = 0; i < results.size(); ++i)
    scope->aliases[join_tensor_name(node.name(), static_cast<int>(i))] = results[i];
  done.set_name(node.name());
  done.set_op("NoOp");
  for (const std::string& control : controls) *done.add_input() = "^" + control;
  *scope->nodes.Add() = std::move(done);
}

void Inliner::add_functional(InlineScope* scope, tf::NodeDef node) {
  int64_t inputs = std::count_if(node.input().begin(), node.input().end(),
                                 [](const std::string& input) { return input[0] != '^'; });
  if (node.op().find("While") == std::string::npos) --inputs;  // the predicate or branch index
  for (std::string* name : function_attrs(&node)) {
    const int args = function(*name, node.name()).signature().input_arg_size();
    if (args != inputs)
      throw InputError(fmt::format("{}: node '{}' ({}) gives {} arguments, function '{}' takes {}",
                                   path_, node.name(), node.op(), inputs, *name, args));
    *name = add_function(*name);
  }
  *scope->nodes.Add() = std::move(node);
}

std::string Inliner::add_function(const std::string& name) {
  const tf::FunctionDef& f = function(name, name);
  InlineScope scope;
  GraphFunction result;
  std::vector<std::string> controls;
  result.name = name;
  for (int i = 1; !function_names_.insert(result.name).second; ++i)
    result.name = fmt::format("{}_{}", name, i);
  for (const tf::OpDef::ArgDef& arg : f.signature().input_arg()) {
    scope.names.insert(arg.name());
    result.args.push_back({arg.name(), arg.type()});
  }
  const std::vector<std::string> tensors = add_body(&scope, f, nullptr, {}, &controls);
  resolve_all(&scope);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const tf::OpDef::ArgDef& arg = f.signature().output_arg(static_cast<int>(i));
    result.results.push_back({arg.name(), resolve(scope, tensors[i]), arg.type()});
  }
  std::vector<std::string> roots;
  for (const GraphFunction::Result& r : result.results) roots.push_back(r.tensor);
  prune_graph(&scope.nodes, roots);
  result.nodes.Swap(&scope.nodes);
  std::string unique_name = result.name;
  functions_.emplace(unique_name, std::move(result));
  return unique_name;
}

// A copy of the function's nodes, or, at its only use, the nodes themselves.
NodeList Inliner::take_nodes(const std::string& name) {
  NodeList nodes;
  if (--uses_[name] == 0)
    nodes.Swap(library_.at(name)->mutable_node_def());
  else
    nodes = library_.at(name)->node_def();
  return nodes;
}

// Attributes that a function leaves open ("placeholder") take the caller's value.
void Inliner::bind_attrs(tf::NodeDef* node, const tf::NodeDef* call) const {
  for (auto& [name, value] : *node->mutable_attr()) {
    if (value.value_case() != tf::AttrValue::kPlaceholder) continue;
    const tf::AttrValue* bound = call ? find_attr(*call, value.placeholder()) : nullptr;
    if (!bound)
      throw InputError(fmt::format("{}: node '{}', attribute {}: nothing gives '{}' a value", path_,
                                   node->name(), name, value.placeholder()));
    value = tf::AttrValue(*bound);
  }
}

// "arg", "node:output:0" or "^node" of a function body, as a tensor of the scope.
std::string Inliner::scoped_tensor(
    const tf::FunctionDef& f, const Body& body,
    const std::unordered_map<std::string_view, const tf::NodeDef*>& by_name,
    const std::string& input) const {
  const bool control = input[0] == '^';
  const std::string_view rest = std::string_view(input).substr(control ? 1 : 0);
  const size_t first = rest.find(':');
  const std::string name(rest.substr(0, first));
  const auto known = body.names.find(name);
  const std::string where = fmt::format("{}: function '{}'", path_, f.signature().name());
  if (known == body.names.end())
    throw InputError(fmt::format("{}: '{}' refers to no node or argument", where, input));
  if (control) return "^" + known->second;
  const auto node = by_name.find(name);
  if (node == by_name.end() || first == std::string_view::npos) return known->second;
  const size_t second = rest.find(':', first + 1);
  const std::string_view arg = rest.substr(first + 1, second - first - 1);
  const int element =
      second == std::string_view::npos ? 0 : split_tensor_name(rest.substr(first + 1)).index;
  if (const auto called = library_.find(node->second->op()); called != library_.end()) {
    const auto& results = called->second->signature().output_arg();
    for (int i = 0; i < results.size(); ++i)
      if (results[i].name() == arg) return join_tensor_name(known->second, i);
    throw InputError(fmt::format("{}: '{}': function '{}' has no such result", where, input,
                                 node->second->op()));
  }
  ops_->learn(node->second->op(), arg);
  return join_tensor_name(known->second, ops_->flat_index(*node->second, arg, element, where));
}

// The prefix of a call's nodes: its own name, unless that only says that it is a call.
std::string prefix_of(const tf::NodeDef* call) {
  if (!call) return "";
  const size_t slash = call->name().rfind('/');
  std::string scope = slash == std::string::npos ? "" : call->name().substr(0, slash + 1);
  const std::string last = call->name().substr(scope.size());
  for (const char* plain : {"StatefulPartitionedCall", "PartitionedCall"})
    if (last.rfind(plain, 0) == 0) return scope;
  return call->name() + "/";
}

std::vector<std::string> Inliner::add_body(InlineScope* scope, const tf::FunctionDef& f,
                                           const tf::NodeDef* call,
                                           const std::vector<std::string>& guards,
                                           std::vector<std::string>* controls) {
  const std::string where = fmt::format("{}: function '{}'", path_, f.signature().name());
  const std::string prefix = prefix_of(call);
  Body body;
  body.nodes = take_nodes(f.signature().name());
  for (int i = 0; i < f.signature().input_arg_size(); ++i) {
    const tf::OpDef::ArgDef& arg = f.signature().input_arg(i);
    if (!arg.number_attr().empty() || !arg.type_list_attr().empty())
      throw InputError(fmt::format("{}: argument '{}' is a list", where, arg.name()));
    if (!call) {
      body.names[arg.name()] = arg.name();
      continue;
    }
    if (i >= call->input_size() || call->input(i)[0] == '^')
      throw InputError(fmt::format("{}: node '{}' gives {} of {} arguments", where, call->name(), i,
                                   f.signature().input_arg_size()));
    const std::string name = unique(scope, prefix + arg.name());
    body.names[arg.name()] = name;
    scope->aliases[name] = call->input(i);
    scope->args.insert(name);
  }
  std::unordered_map<std::string_view, const tf::NodeDef*> by_name;
  for (const tf::NodeDef& node : body.nodes) {
    if (!body.names.emplace(node.name(), unique(scope, prefix + node.name())).second)
      throw InputError(fmt::format("{}: the name '{}' comes twice", where, node.name()));
    by_name.emplace(node.name(), &node);
  }
  std::vector<std::string> results;
  for (const tf::OpDef::ArgDef& out : f.signature().output_arg()) {
    const auto ret = f.ret().find(out.name());
    if (ret == f.ret().end())
      throw InputError(fmt::format("{}: result '{}' has no value", where, out.name()));
    results.push_back(scoped_tensor(f, body, by_name, ret->second));
  }
  for (const auto& [unused, node] : f.control_ret())
    if (const auto it = body.names.find(node); it != body.names.end())
      controls->push_back(it->second);
  std::sort(controls->begin(), controls->end());
  const bool guarded = !guards.empty() || has_branches(body.nodes);
  // Inputs are rewritten while all nodes still have their own names; then the nodes move.
  for (tf::NodeDef& node : body.nodes) {
    for (std::string& input : *node.mutable_input()) input = scoped_tensor(f, body, by_name, input);
    if (node.input().empty())
      for (const std::string& guard : guards) *node.add_input() = guard;
    bind_attrs(&node, call);
  }
  by_name.clear();
  for (tf::NodeDef& node : body.nodes) {
    node.set_name(body.names[node.name()]);
    add_node(scope, std::move(node), guarded);
  }
  return results;
}

InlinedGraph Inliner::run(const std::vector<std::string>& reserved,
                          std::vector<std::string>* outputs) {
  prune_graph(graph_->mutable_node(), *outputs);
  plan(graph_->node());
  InlineScope scope;
  scope.names.insert(reserved.begin(), reserved.end());
  for (const tf::NodeDef& node : graph_->node()) scope.names.insert(node.name());
  const bool guarded = has_branches(graph_->node());
  NodeList nodes;
  nodes.Swap(graph_->mutable_node());
  for (tf::NodeDef& node : nodes) add_node(&scope, std::move(node), guarded);
  resolve_all(&scope);
  for (std::string& output : *outputs) {
    const TensorName name = split_tensor_name(output);
    output = resolve(scope, join_tensor_name(name.node, name.index));
  }
  prune_graph(&scope.nodes, *outputs);
  InlinedGraph result;
  result.nodes.Swap(&scope.nodes);
  result.functions = std::move(functions_);
  return result;
}

}  // namespace

bool is_functional_op(const std::string& op) {
  return op == "While" || op == "StatelessWhile" || op == "If" || op == "StatelessIf" ||
         op == "Case" || op == "StatelessCase";
}

std::vector<std::string*> function_attrs(tf::NodeDef* node) {
  std::vector<std::string*> names;
  for (const char* attr : {"cond", "body", "then_branch", "else_branch"})
    if (const auto it = node->mutable_attr()->find(attr); it != node->mutable_attr()->end())
      if (it->second.value_case() == tf::AttrValue::kFunc)
        names.push_back(it->second.mutable_func()->mutable_name());
  if (const auto it = node->mutable_attr()->find("branches"); it != node->mutable_attr()->end())
    for (tf::NameAttrList& branch : *it->second.mutable_list()->mutable_func())
      names.push_back(branch.mutable_name());
  return names;
}

std::vector<std::string> function_names(const tf::NodeDef& node) {
  std::vector<std::string> names;
  // The attributes are only read here.
  for (const std::string* name : function_attrs(const_cast<tf::NodeDef*>(&node)))
    names.push_back(*name);
  return names;
}

InlinedGraph inline_calls(tf::GraphDef* graph, OpOutputs* ops, const std::string& path,
                          const std::vector<std::string>& reserved,
                          std::vector<std::string>* outputs) {
  return Inliner(graph, ops, path).run(reserved, outputs);
}

}  // namespace thaw
