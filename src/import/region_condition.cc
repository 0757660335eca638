// TF1's conditions: the Merges that join the branches of one predicate become one If, or Ifs within
// each other where it is the index of a branch (_SwitchN). Inside a
// branch a Switch is its data; everything not computed in a branch is captured by it.
#include "import/case.h"
#include "import/region.h"

namespace thaw {
namespace {

TensorRef branch_input(const GraphIndex& index, int32_t node, const CondMerge& merge, int branch) {
  return index.data_input(node,
                          static_cast<size_t>(merge.branch_inputs[static_cast<size_t>(branch)]));
}

}  // namespace

std::vector<Region::Capture> Region::condition_captures(int32_t group) const {
  const ControlFlow& flow = scope_.flow();
  std::vector<Capture> captures;
  std::unordered_set<int64_t> known;
  const CondMerge& first = *flow.cond_merge(scope_.merges(group)[0]);
  for (int branch = static_cast<int>(first.branch_inputs.size()); branch-- > 0;) {
    std::vector<TensorRef> roots;
    for (int32_t node : scope_.merges(group))
      roots.push_back(branch_input(scope_.index(), node, *flow.cond_merge(node), branch));
    const CondOutcome outcome{first.predicate_id, branch};
    walk(roots, [&](TensorRef ref) {
      if (flow.contains(ref, outcome)) return false;
      if (scope_.constant_behind(ref) < 0 && known.insert(ref.key()).second)
        captures.push_back({ref, ref});
      return true;
    });
  }
  return captures;
}

void Region::add_condition(int32_t group) {
  const GraphIndex& index = scope_.index();
  const std::vector<int32_t>& merges = scope_.merges(group);
  NestedInputs inputs;
  add_captures(captures_[{Unit::kCondition, group}], inputs);
  std::vector<std::string> names;
  for (int32_t node : merges) names.push_back(index.node(node).name());
  const CondMerge& first = *scope_.flow().cond_merge(merges[0]);
  std::vector<Graph> branches;
  for (int branch = 0; branch < static_cast<int>(first.branch_inputs.size()); ++branch) {
    std::vector<TensorRef> results;
    for (int32_t node : merges)
      results.push_back(branch_input(index, node, *scope_.flow().cond_merge(node), branch));
    branches.push_back(nested_graph(inputs, results, names));
    for (int32_t node : merges) {
      if (!scope_.is_needed(TensorRef{node, 1})) continue;
      const int32_t which =
          scope_.flow().cond_merge(node)->branch_inputs[static_cast<size_t>(branch)];
      branches.back().add_output(
          index.node(node).name() + ":1",
          branches.back().constant(Tensor::of<int32_t>(DType::kInt32, {}, {which})));
    }
  }
  const ValueId predicate = value(first.predicate);
  std::vector<ValueId> outputs;
  if (first.by_index) {
    outputs = add_case(graph_, predicate, inputs.values, std::move(branches), names[0]);
  } else {
    std::vector<ValueId> values = {predicate};
    values.insert(values.end(), inputs.values.begin(), inputs.values.end());
    If both;
    both.then_branch = graph_.add_subgraph(std::move(branches[1]));
    both.else_branch = graph_.add_subgraph(std::move(branches[0]));
    outputs = graph_.node(graph_.add_node(both, std::move(values), names[0])).outputs;
  }
  ++state_.report.conditions;
  size_t next = 0;
  for (int32_t node : merges) bind({node, 0}, outputs[next++]);
  for (int32_t node : merges)
    if (scope_.is_needed(TensorRef{node, 1})) bind({node, 1}, outputs[next++]);
}

}  // namespace thaw
