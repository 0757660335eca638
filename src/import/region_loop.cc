// TF1's loops: Enter, Merge, LoopCond, Switch, the body, NextIteration and Exit become one While.
//
// Loop variables are the needed Merges; what the body takes from outside otherwise (constant
// Enters) follows them, and the body gives it back as it is. Constants are copied inside instead.
#include <fmt/format.h>

#include <algorithm>

#include "import/region.h"
#include "thaw/error.h"

namespace thaw {
namespace {

bool is_enter(const std::string& op) { return op == "Enter" || op == "RefEnter"; }

// "Preprocessor/map/while/while_context" belongs to Preprocessor/map/while.
std::string loop_name(const std::string& frame_name) {
  static const std::string kSuffix = "/while_context";
  const size_t at = frame_name.rfind(kSuffix);
  const bool ends_so = at != std::string::npos && at + kSuffix.size() == frame_name.size();
  return ends_so ? frame_name.substr(0, at) : frame_name;
}

}  // namespace

// The condition's value, then each variable's value for the next round.
std::vector<TensorRef> Region::loop_roots(int32_t frame) const {
  const GraphIndex& index = scope_.index();
  const Frame& loop = scope_.flow().frames()[static_cast<size_t>(frame)];
  const int32_t condition = loop.loop_cond;
  if (condition < 0)
    throw InputError(fmt::format("the loop '{}' has no LoopCond", shown(loop.name)));
  std::vector<TensorRef> roots = {index.data_input(condition, 0)};
  for (int32_t variable : scope_.variables(frame)) {
    const int next = 1 - scope_.flow().enter_input(variable);
    const int32_t iteration = index.data_input(variable, static_cast<size_t>(next)).node;
    roots.push_back(index.data_input(iteration, 0));
    if (!scope_.flow().runs_with(roots.back(), {variable, condition}))
      throw InputError(fmt::format("{} runs in only one branch of a condition in the loop",
                                   shown(index.node(iteration))));
  }
  return roots;
}

std::vector<Region::Capture> Region::loop_captures(int32_t frame) const {
  const GraphIndex& index = scope_.index();
  const ControlFlow& flow = scope_.flow();
  std::vector<Capture> captures;
  walk(loop_roots(frame), [&](TensorRef ref) {
    const int32_t node = ref.node;
    const bool here = flow.frame(node) == frame;
    if (here && flow.is_loop_merge(node)) return true;
    if (here && is_enter(index.op(node))) {
      if (scope_.constant_behind(ref) >= 0) return true;
      NodeContext context(index.node(node), graph_, {});
      if (!context.bool_attr("is_constant", false))
        context.fail("is neither constant nor the start of a loop variable (Merge)");
      captures.push_back({ref, index.data_input(node, 0)});
      return true;
    }
    if (flow.is_inside(flow.frame(node), frame)) return false;
    if (scope_.constant_behind(ref) < 0) captures.push_back({ref, ref});
    return true;
  });
  return captures;
}

void Region::add_loop(int32_t frame) {
  const GraphIndex& index = scope_.index();
  const std::vector<int32_t>& variables = scope_.variables(frame);
  NestedInputs inputs;
  for (int32_t variable : variables) {
    const auto enter = static_cast<size_t>(scope_.flow().enter_input(variable));
    inputs.bound.emplace_back(TensorRef{variable, 0}, inputs.values.size());
    inputs.values.push_back(value(index.data_input(index.data_input(variable, enter).node, 0)));
    inputs.names.push_back(index.node(variable).name());
  }
  add_captures(captures_[{Unit::kLoop, frame}], inputs);
  std::vector<TensorRef> roots = loop_roots(frame);
  Graph condition = nested_graph(inputs, {roots[0]}, {"condition"});
  roots.erase(roots.begin());
  std::vector<std::string> names(inputs.names.begin(),
                                 inputs.names.begin() + static_cast<std::ptrdiff_t>(roots.size()));
  Graph body = nested_graph(inputs, roots, names);
  for (size_t i = variables.size(); i < inputs.values.size(); ++i)
    body.add_output(inputs.names[i], body.inputs()[i]);
  While loop;
  loop.cond = graph_.add_subgraph(std::move(condition));
  loop.body = graph_.add_subgraph(std::move(body));
  const NodeId id = graph_.add_node(
      loop, inputs.values, loop_name(scope_.flow().frames()[static_cast<size_t>(frame)].name));
  ++state_.report.loops;
  bind_exits(frame, graph_.node(id).outputs);
}

// Exit takes a Switch's output 0, and that Switch a variable's Merge.
void Region::bind_exits(int32_t frame, const std::vector<ValueId>& outputs) {
  const GraphIndex& index = scope_.index();
  const std::vector<int32_t>& variables = scope_.variables(frame);
  for (int32_t exit : scope_.exits(frame)) {
    const TensorRef from = index.data_input(exit, 0);
    const bool of_switch = scope_.flow().is_loop_switch(from.node) && from.output == 0;
    const auto variable = of_switch ? std::find(variables.begin(), variables.end(),
                                                index.data_input(from.node, 0).node)
                                    : variables.end();
    if (variable == variables.end())
      throw InputError(
          fmt::format("{}: expected the output 0 of a loop variable's Switch, found {}",
                      shown(index.node(exit)), shown(index.node(from.node))));
    bind({exit, 0}, outputs[static_cast<size_t>(variable - variables.begin())]);
  }
}

}  // namespace thaw
