// Inference rules of ops/structure.h, and how types flow into nested graphs and back.
#include <fmt/format.h>

#include "graph/infer_util.h"
#include "thaw/error.h"

namespace thaw {
namespace {

const Graph& nested(GraphRef ref, const InferContext& context) {
  if (ref.index < 0 || static_cast<size_t>(ref.index) >= context.graph().num_subgraphs())
    context.fail(fmt::format("nested graph {} of {}", ref.index, context.graph().num_subgraphs()));
  return context.graph().subgraph(ref);
}

TensorType output_type(const Graph& graph, size_t i) {
  return graph.value(graph.outputs()[i].value).type;
}

TensorType join(const TensorType& a, const TensorType& b, size_t i, const InferContext& context) {
  if (a.dtype != b.dtype)
    context.fail(fmt::format("value {} is {} here and {} there", i, dtype_name(a.dtype),
                             dtype_name(b.dtype)));
  return {a.dtype, join_shapes(a.shape, b.shape)};
}

// A nested graph's input must admit what flows in: `wider` says that it had to change.
TensorType admit(const TensorType& declared, const TensorType& actual, size_t i, bool* wider,
                 const InferContext& context) {
  if (declared.dtype == DType::kInvalid) {
    *wider = true;
    return actual;
  }
  const TensorType both = join(declared, actual, i, context);
  if (contains(declared.shape, actual.shape)) return declared;
  *wider = true;
  return both;
}

// Sets the types of a nested graph's inputs and infers it anew when one of them changed.
void set_input_types(Graph& graph, const std::vector<TensorType>& types, TypeFlow flow) {
  bool changed = false;
  for (size_t i = 0; i < types.size(); ++i) {
    if (graph.value(graph.inputs()[i]).type == types[i]) continue;
    graph.set_type(graph.inputs()[i], types[i]);
    changed = true;
  }
  if (changed) infer_all(graph, flow);
}

std::vector<TensorType> input_types(const Graph& graph) {
  std::vector<TensorType> types;
  for (ValueId v : graph.inputs()) types.push_back(graph.value(v).type);
  return types;
}

void check_signature(const Graph& graph, size_t inputs, const char* which,
                     const InferContext& context) {
  if (graph.inputs().size() != inputs)
    context.fail(
        fmt::format("the {} takes {} values, {} flow in", which, graph.inputs().size(), inputs));
}

// The variables' types that hold in every round: `types`, widened until the body's results fit:
// twice step by step, then all at once, so it ends.
void settle_body(Graph& body, std::vector<TensorType> types, const InferContext& context,
                 TypeFlow flow) {
  set_input_types(body, types, flow);
  for (int round = 0; round < 2; ++round) {
    bool wider = false;
    for (size_t i = 0; i < types.size(); ++i)
      types[i] = admit(types[i], output_type(body, i), i, &wider, context);
    if (!wider) return;
    set_input_types(body, types, TypeFlow::kWiden);
  }
  bool fits = true;
  for (size_t i = 0; i < types.size(); ++i)
    fits = fits && contains(types[i].shape, output_type(body, i).shape);
  if (fits) return;
  for (size_t i = 0; i < types.size(); ++i)
    if (body.outputs()[i].value != body.inputs()[i]) types[i].shape = Shape::unknown();
  set_input_types(body, types, TypeFlow::kWiden);
}

// The types of the node's inputs from `first` on, or those of the nested graph wide enough for
// them.
std::vector<TensorType> flowing_types(const Graph& nested_graph, size_t first,
                                      const InferContext& context, TypeFlow flow) {
  std::vector<TensorType> types = input_types(nested_graph);
  for (size_t i = 0; i < types.size(); ++i) {
    bool wider = false;
    const TensorType& actual = context.input(first + i);
    const TensorType wide = admit(types[i], actual, i, &wider, context);
    types[i] = flow == TypeFlow::kNarrow ? actual : wide;
  }
  return types;
}

// Runs `settle` with the types that flow in. Shapes that make a nested graph impossible need not
// be an error: it may be one that never runs. Then it keeps the types that it had.
template <class F>
void settle_or_keep(Graph& nested_graph, size_t first, const InferContext& context, TypeFlow flow,
                    F settle) {
  const std::vector<TensorType> before = input_types(nested_graph);
  const std::vector<TensorType> types = flowing_types(nested_graph, first, context, flow);
  try {
    settle(types, flow);
  } catch (const InputError&) {
    if (flow != TypeFlow::kNarrow) throw;
    settle(before, TypeFlow::kWiden);
  }
}

}  // namespace

void settle_nested(Graph& graph, NodeId id, TypeFlow flow) {
  const Node& node = graph.node(id);
  const InferContext context(graph, node);
  if (const While* loop = node.as<While>()) {
    const Graph& body = nested(loop->body, context);
    check_signature(nested(loop->cond, context), node.inputs.size(), "condition", context);
    check_signature(body, node.inputs.size(), "body", context);
    if (body.outputs().size() != node.inputs.size())
      context.fail(fmt::format("the body gives {} values, {} flow in", body.outputs().size(),
                               node.inputs.size()));
    settle_or_keep(graph.subgraph(loop->body), 0, context, flow, [&](const auto& types, auto how) {
      settle_body(graph.subgraph(loop->body), types, context, how);
    });
    set_input_types(graph.subgraph(loop->cond), input_types(body), flow);
  } else if (const If* branches = node.as<If>()) {
    if (node.inputs.empty()) context.fail("no predicate");
    for (GraphRef ref : {branches->then_branch, branches->else_branch}) {
      check_signature(nested(ref, context), node.inputs.size() - 1, "branch", context);
      settle_or_keep(graph.subgraph(ref), 1, context, flow, [&](const auto& types, auto how) {
        set_input_types(graph.subgraph(ref), types, how);
      });
    }
  }
}

void infer_all(Graph& graph, TypeFlow flow) {
  for (NodeId id : graph.topological_order()) graph.infer(id, flow);
}

std::vector<TensorType> infer(const Const& op, const InferContext& context) {
  require_inputs(context, 0);
  if (!op.value.defined()) context.fail("no value");
  return {{op.value.dtype(), op.value.shape()}};
}

// Of two inputs (optional_input.h), what is fed may be anything that the first declares.
std::vector<TensorType> infer(const Identity&, const InferContext& context) {
  require_inputs(context, 1, 2);
  if (context.num_inputs() == 1) return {context.input(0)};
  require_same_dtype(context, 0, 1);
  const Shape& declared = context.shape(0);
  const bool wide = contains(declared, context.shape(1));
  return {{context.dtype(0), wide ? declared : join_shapes(declared, context.shape(1))}};
}

std::vector<TensorType> infer(const While& op, const InferContext& context) {
  const Graph& cond = nested(op.cond, context);
  const Graph& body = nested(op.body, context);
  if (cond.outputs().size() != 1)
    context.fail(fmt::format("the condition gives {} values", cond.outputs().size()));
  const TensorType condition = output_type(cond, 0);
  if (condition.dtype == DType::kList)
    context.fail(fmt::format("the condition gives {}", condition.str()));
  std::vector<TensorType> types;
  for (size_t i = 0; i < context.num_inputs(); ++i)
    types.push_back(join(context.input(i), output_type(body, i), i, context));
  return types;
}

std::vector<TensorType> infer(const If& op, const InferContext& context) {
  if (context.dtype(0) == DType::kList) context.fail("the predicate is a list");
  const Graph& yes = nested(op.then_branch, context);
  const Graph& no = nested(op.else_branch, context);
  if (yes.outputs().size() != no.outputs().size())
    context.fail(fmt::format("the branches give {} and {} values", yes.outputs().size(),
                             no.outputs().size()));
  std::vector<TensorType> types;
  for (size_t i = 0; i < yes.outputs().size(); ++i)
    types.push_back(join(output_type(yes, i), output_type(no, i), i, context));
  return types;
}

std::vector<TensorType> infer(const Assert&, const InferContext& context) {
  if (context.num_inputs() == 0) context.fail("no condition");
  require_dtype(context, 0, DType::kBool);
  return {};
}

}  // namespace thaw
