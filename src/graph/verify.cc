#include "graph/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/infer.h"
#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {
namespace {

template <class... Args>
[[noreturn]] void broken(fmt::format_string<Args...> format, Args&&... args) {
  throw InternalError("broken graph: " + fmt::format(format, std::forward<Args>(args)...));
}

std::string called(NodeId id, const Node& node) {
  return fmt::format("node {} '{}' ({})", id, node.name, op_name(node.op));
}

void check_ids(const Graph& g) {
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    const Node& n = g.node(id);
    if (!n.alive) continue;
    if (std::holds_alternative<std::monostate>(n.op)) broken("{} has no op", called(id, n));
    for (ValueId v : n.inputs)
      if (v >= g.num_values()) broken("{} reads value {} of none", called(id, n), v);
    for (size_t i = 0; i < n.outputs.size(); ++i) {
      if (n.outputs[i] >= g.num_values()) broken("{} makes value {} of none", called(id, n), i);
      const Value& v = g.value(n.outputs[i]);
      if (v.producer != id || v.index != i) broken("{} does not own output {}", called(id, n), i);
    }
  }
  for (ValueId v : g.inputs())
    if (v >= g.num_values() || g.value(v).producer != kNone) broken("input {} is not free", v);
  for (const GraphOutput& o : g.outputs())
    if (o.value >= g.num_values()) broken("output '{}' is value {} of none", o.name, o.value);
}

void check_values(const Graph& g) {
  std::vector<std::vector<NodeId>> readers(g.num_values());
  std::vector<bool> available(g.num_values(), false);
  for (ValueId v : g.inputs()) available[v] = true;
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    if (!g.node(id).alive) continue;
    for (ValueId v : g.node(id).inputs) readers[v].push_back(id);
    for (ValueId v : g.node(id).outputs) available[v] = true;
  }
  for (ValueId v = 0; v < g.num_values(); ++v) {
    std::vector<NodeId> users(g.value(v).users.begin(), g.value(v).users.end());
    std::sort(users.begin(), users.end());
    if (users != readers[v])
      broken("value {} knows {} readers, it has {}", v, users.size(), readers[v].size());
    if (!users.empty() && !available[v])
      broken("{} reads value {} that nothing makes", called(users[0], g.node(users[0])), v);
  }
  for (uint32_t i = 0; i < g.outputs().size(); ++i) {
    const GraphOutput& o = g.outputs()[i];
    if (!available[o.value]) broken("output '{}' is a value that nothing makes", o.name);
    const IdList& known = g.value(o.value).outputs;
    if (std::find(known.begin(), known.end(), i) == known.end())
      broken("value {} does not know that it is output '{}'", o.value, o.name);
  }
}

void check_order(const Graph& g) {
  try {
    g.topological_order();
  } catch (const InputError& e) {
    broken("{}", e.what());
  }
}

std::vector<TensorType> inferred(const Graph& g, NodeId id) {
  const InferContext context(g, g.node(id));
  return std::visit(
      [&context](const auto& op) {
        using T = std::decay_t<decltype(op)>;
        if constexpr (std::is_same_v<T, std::monostate>)
          return std::vector<TensorType>{};
        else
          return infer(op, context);
      },
      g.node(id).op);
}

void check_types(const Graph& g, NodeId id) {
  const Node& n = g.node(id);
  std::vector<TensorType> types;
  try {
    types = inferred(g, id);
  } catch (const InputError& e) {
    broken("{}", e.what());
  }
  if (types.size() != n.outputs.size())
    broken("{} has {} outputs, not {}", called(id, n), n.outputs.size(), types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const TensorType& t = g.value(n.outputs[i]).type;
    if (t.dtype != types[i].dtype || !compatible(t.shape, types[i].shape))
      broken("{} gives {} as output {}, not {}", called(id, n), types[i].str(), i, t.str());
  }
}

void check_signature(const Graph& g, NodeId id, GraphRef ref, size_t first, size_t outputs) {
  const Node& n = g.node(id);
  const Graph& nested = g.subgraph(ref);
  if (nested.inputs().size() + first != n.inputs.size())
    broken("{} hands {} values to a graph that takes {}", called(id, n), n.inputs.size() - first,
           nested.inputs().size());
  if (nested.outputs().size() != outputs)
    broken("{} takes {} values from a graph that gives {}", called(id, n), outputs,
           nested.outputs().size());
  for (size_t i = 0; i < nested.inputs().size(); ++i) {
    const TensorType& declared = nested.value(nested.inputs()[i]).type;
    const TensorType& actual = g.value(n.inputs[i + first]).type;
    if (declared.dtype != actual.dtype || !compatible(declared.shape, actual.shape))
      broken("{} hands {} to a graph that takes {}", called(id, n), actual.str(), declared.str());
  }
}

void check_nested(const Graph& g, NodeId id, std::vector<bool>& owned) {
  const Node& n = g.node(id);
  const auto check = [&](GraphRef ref, size_t first, size_t outputs) {
    if (ref.index < 0 || static_cast<size_t>(ref.index) >= g.num_subgraphs())
      broken("{} has nested graph {} of {}", called(id, n), ref.index, g.num_subgraphs());
    const auto i = static_cast<size_t>(ref.index);
    if (owned[i]) broken("{} shares nested graph {} with another", called(id, n), ref.index);
    owned[i] = true;
    check_signature(g, id, ref, first, outputs);
    verify(g.subgraph(ref));
  };
  if (const While* loop = n.as<While>()) {
    check(loop->cond, 0, 1);
    check(loop->body, 0, n.inputs.size());
  } else if (const If* branches = n.as<If>()) {
    if (n.inputs.empty()) broken("{} has no predicate", called(id, n));
    check(branches->then_branch, 1, n.outputs.size());
    check(branches->else_branch, 1, n.outputs.size());
  }
}

}  // namespace

void verify(const Graph& graph) {
  check_ids(graph);
  check_values(graph);
  check_order(graph);
  std::vector<bool> owned(graph.num_subgraphs(), false);
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!graph.node(id).alive) continue;
    check_nested(graph, id, owned);
    check_types(graph, id);
  }
}

}  // namespace thaw
