// TF1's conditions: the Merges that join the branches of one predicate become one If. Inside a
// branch a Switch is its data; everything not computed in a branch is captured by it.
#include <algorithm>

#include "import/region.h"

namespace thaw {
namespace {

TensorRef branch_input(const GraphIndex& index, int32_t node, const CondMerge& merge, bool taken) {
  const int input = taken ? merge.true_input : 1 - merge.true_input;
  return index.data_input(node, static_cast<size_t>(input));
}

}  // namespace

std::vector<Region::Capture> Region::condition_captures(int32_t group) const {
  const ControlFlow& flow = scope_.flow();
  std::vector<Capture> captures;
  std::unordered_set<int64_t> known;
  for (bool taken : {true, false}) {
    std::vector<TensorRef> roots;
    for (int32_t node : scope_.merges(group))
      roots.push_back(branch_input(scope_.index(), node, *flow.cond_merge(node), taken));
    const CondOutcome outcome{flow.cond_merge(scope_.merges(group)[0])->predicate_id, taken};
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
  GraphRef branches[2];
  for (bool taken : {true, false}) {
    std::vector<TensorRef> results;
    for (int32_t node : merges)
      results.push_back(branch_input(index, node, *scope_.flow().cond_merge(node), taken));
    Graph graph = nested_graph(inputs, results, names);
    for (int32_t node : merges) {
      const CondMerge& merge = *scope_.flow().cond_merge(node);
      if (!scope_.is_needed(TensorRef{node, 1})) continue;
      const int32_t which = taken ? merge.true_input : 1 - merge.true_input;
      graph.add_output(index.node(node).name() + ":1",
                       graph.constant(Tensor::of<int32_t>(DType::kInt32, {}, {which})));
    }
    branches[taken ? 0 : 1] = graph_.add_subgraph(std::move(graph));
  }
  std::vector<ValueId> values = {value(scope_.flow().cond_merge(merges[0])->predicate)};
  values.insert(values.end(), inputs.values.begin(), inputs.values.end());
  const NodeId id = graph_.add_node(If{branches[0], branches[1]}, std::move(values), names[0]);
  ++state_.report.conditions;
  size_t next = 0;
  for (int32_t node : merges) bind({node, 0}, graph_.node(id).outputs[next++]);
  for (int32_t node : merges)
    if (scope_.is_needed(TensorRef{node, 1})) bind({node, 1}, graph_.node(id).outputs[next++]);
}

}  // namespace thaw
