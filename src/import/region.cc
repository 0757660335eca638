#include "import/region.h"

#include <fmt/format.h>

#include <algorithm>

#include "import/op_table.h"
#include "thaw/error.h"

namespace thaw {

Scope& ImportState::function(const std::string& name, const tf::NodeDef& user) {
  std::unique_ptr<Scope>& scope = functions[name];
  if (scope) return *scope;
  const auto it = model.functions.find(name);
  if (it == model.functions.end())
    throw InputError(fmt::format("{}: there is no function '{}'", shown(user), shown(name)));
  std::vector<std::string> results;
  for (const GraphFunction::Result& r : it->second.results) results.push_back(r.tensor);
  try {
    scope = std::make_unique<Scope>(it->second.nodes, it->second.args, results,
                                    std::vector<std::string>{});
  } catch (const InputError& e) {
    throw InputError(fmt::format("function '{}': {}", shown(name), e.what()));
  }
  return *scope;
}

Region::Region(ImportState& state, Scope& scope, Graph& graph, int depth)
    : state_(state), scope_(scope), graph_(graph), depth_(depth) {
  if (depth > kMaxDepth)
    throw InputError(
        fmt::format("loops, conditions and functions are nested deeper than {}", kMaxDepth));
}

Region::Unit Region::unit_of(int32_t node) const {
  const std::string& op = scope_.index().op(node);
  if (op == "Exit" || op == "RefExit")
    return {Unit::kLoop, scope_.flow().frame(scope_.index().data_input(node, 0).node)};
  const CondMerge* merge = scope_.flow().cond_merge(node);
  if (merge && merge->group >= 0) return {Unit::kCondition, merge->group};
  return {Unit::kNode, node};
}

bool Region::is_ready(TensorRef ref) const {
  return values_.count(ref.key()) > 0 || done_.count(unit_of(ref.node)) > 0;
}

void Region::open(Unit unit, std::vector<Open>& stack) {
  if (!open_.insert(unit).second) {
    const std::string name =
        unit.kind == Unit::kNode ? shown(scope_.index().node(unit.id))
        : unit.kind == Unit::kLoop
            ? fmt::format("the loop '{}'",
                          scope_.flow().frames()[static_cast<size_t>(unit.id)].name)
            : shown(scope_.index().node(scope_.merges(unit.id)[0]));
    throw InputError(fmt::format("{} depends on its own result", name));
  }
  stack.push_back({unit, dependencies(unit), 0});
}

void Region::build(const std::vector<TensorRef>& wanted) {
  std::vector<Open> stack;
  for (TensorRef root : wanted) {
    if (!is_ready(root)) open(unit_of(root.node), stack);
    while (!stack.empty()) {
      Open& top = stack.back();
      if (top.next < top.dependencies.size()) {
        const TensorRef ref = top.dependencies[top.next++];
        if (!is_ready(ref)) open(unit_of(ref.node), stack);  // top is no longer valid
        continue;
      }
      add(top.unit);
      open_.erase(top.unit);
      done_.insert(top.unit);
      stack.pop_back();
    }
  }
}

ValueId Region::value(TensorRef ref) const {
  const auto it = values_.find(ref.key());
  if (it != values_.end() && it->second != kNone) return it->second;
  throw InputError(fmt::format(
      "{}: output {} is used, which {}", shown(scope_.index().node(ref.node)), ref.output,
      it == values_.end() ? "the node does not have" : "thaw does not compute"));
}

// What must be ready before the unit is added. For a loop or a condition that is what its nested
// graphs take from here, found now and kept for add.
std::vector<TensorRef> Region::dependencies(Unit unit) {
  if (unit.kind == Unit::kNode) return scope_.dependencies(unit.id);
  std::vector<TensorRef> refs;
  const GraphIndex& index = scope_.index();
  if (unit.kind == Unit::kLoop) {
    captures_[unit] = loop_captures(unit.id);
    for (int32_t variable : scope_.variables(unit.id)) {
      const int enter = scope_.flow().enter_input(variable);
      refs.push_back(
          index.data_input(index.data_input(variable, static_cast<size_t>(enter)).node, 0));
    }
  } else {
    captures_[unit] = condition_captures(unit.id);
    refs.push_back(scope_.flow().cond_merge(scope_.merges(unit.id)[0])->predicate);
  }
  for (const Capture& c : captures_[unit]) refs.push_back(c.outer);
  return refs;
}

void Region::add(Unit unit) {
  if (state_.nodes_left-- == 0)
    throw InputError("nested loops, conditions and functions multiply to too many nodes");
  switch (unit.kind) {
    case Unit::kNode:
      return add_node(unit.id);
    case Unit::kLoop:
      return add_loop(unit.id);
    case Unit::kCondition:
      return add_condition(unit.id);
  }
}

void Region::add_node(int32_t node) {
  const GraphIndex& index = scope_.index();
  const std::string& op = index.op(node);
  if (op == "Const" || op == "HostConst") {
    set_outputs(node,
                {graph_.constant(scope_.constant(node, &state_.splat), index.node(node).name())});
  } else if (op == "Enter" || op == "RefEnter" || op == "Switch" || op == "RefSwitch") {
    const ValueId x = value(index.data_input(node, 0));
    set_outputs(node, {x, x});
  } else if (op == "_SwitchN") {
    NodeContext context(index.node(node), graph_, {value(index.data_input(node, 0))});
    set_outputs(node,
                Outputs(static_cast<size_t>(context.count_attr("num_outs", 1)), context.input(0)));
  } else if (const CondMerge* merge = scope_.flow().cond_merge(node)) {
    const ValueId x = value(index.data_input(node, static_cast<size_t>(merge->live_input)));
    set_outputs(node,
                {x, graph_.constant(Tensor::of<int32_t>(DType::kInt32, {}, {merge->live_input}),
                                    index.node(node).name())});
  } else if (op == "While" || op == "StatelessWhile") {
    add_functional_while(node);
  } else if (op == "If" || op == "StatelessIf") {
    add_functional_if(node);
  } else if (op == "Case" || op == "StatelessCase") {
    add_functional_case(node);
  } else if (op == "Assert") {
    add_assert(node);
  } else if (op == "Placeholder") {
    throw InputError(
        fmt::format("{} is needed, but it is no input of the model", shown(index.node(node))));
  } else if (const auto it = optional_.find(node); it != optional_.end()) {
    add_optional_input(node, it->second);
  } else {
    add_translated(node);
  }
}

void Region::add_optional_input(int32_t node, ValueId input) {
  NodeContext context(scope_.index().node(node), graph_, input_values(node, 0));
  context.expect_inputs(1);
  set_outputs(node, {context.add(Identity{}, {input, context.input(0)})});
}

void Region::add_translated(int32_t node) {
  const GraphIndex& index = scope_.index();
  const OpRow* row = find_op(index.op(node));
  // LoopCond and NextIteration are reached from outside their loop only in broken graphs.
  if (!row)
    throw InputError(fmt::format("{} is not where such a node belongs", shown(index.node(node))));
  std::vector<ValueId> inputs = input_values(node, row->handle_first ? 1 : 0);
  if (row->handle_first) inputs.insert(inputs.begin(), kNone);
  NodeContext context(index.node(node), graph_, std::move(inputs));
  if (row->handle_first)
    context.set_array(scope_.array_behind(index.data_input(node, 0)), &scope_.arrays());
  else if (index.op(node) == "TensorArrayV3")
    context.set_array(index.node(node).name(), &scope_.arrays());
  set_outputs(node, row->translate(context));
}

void Region::add_assert(int32_t node) {
  const std::vector<ValueId> inputs = input_values(node, 0);
  NodeContext context(scope_.index().node(node), graph_, inputs);
  context.expect_inputs(1, SIZE_MAX);
  context.add_all(Assert{context.int_attr("summarize", 3)}, inputs);
  ++state_.report.asserts;
}

void Region::set_outputs(int32_t node, const Outputs& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i)
    values_.emplace(TensorRef{node, static_cast<int32_t>(i)}.key(), outputs[i]);
}

std::vector<ValueId> Region::input_values(int32_t node, size_t first) const {
  std::vector<ValueId> inputs;
  const RefSpan refs = scope_.index().data_inputs(node);
  for (size_t i = first; i < refs.size(); ++i) inputs.push_back(value(refs[i]));
  return inputs;
}

void Region::add_captures(const std::vector<Capture>& captures, NestedInputs& inputs) const {
  std::map<ValueId, size_t> positions;
  for (const Capture& c : captures) {
    const ValueId v = value(c.outer);
    const auto [it, added] = positions.emplace(v, inputs.values.size());
    if (added) {
      inputs.values.push_back(v);
      inputs.names.push_back(scope_.index().node(c.inner.node).name());
    }
    inputs.bound.emplace_back(c.inner, it->second);
  }
}

Graph Region::nested_graph(const NestedInputs& inputs, const std::vector<TensorRef>& results,
                           const std::vector<std::string>& names) {
  Graph graph;
  Region region(state_, scope_, graph, depth_ + 1);
  for (size_t i = 0; i < inputs.values.size(); ++i)
    graph.add_input(inputs.names[i], graph_.value(inputs.values[i]).type);
  for (const auto& [ref, position] : inputs.bound) region.bind(ref, graph.inputs()[position]);
  region.build(results);
  for (size_t i = 0; i < results.size(); ++i) graph.add_output(names[i], region.value(results[i]));
  return graph;
}

}  // namespace thaw
