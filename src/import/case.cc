#include "import/case.h"

#include <utility>

namespace thaw {
namespace {

// The branches from `first` up to `end`, and how each is called in messages.
struct Choice {
  std::vector<Graph>& branches;
  size_t first;
  size_t end;
  const std::string& name;
};

ValueId scalar(Graph& graph, DType dtype, size_t value) {
  const auto v = static_cast<int64_t>(value);
  const Tensor wide = Tensor::of<int64_t>(DType::kInt64, {}, {v});
  if (dtype == DType::kInt64) return graph.constant(wide);
  return graph.constant(Tensor::of<int32_t>(DType::kInt32, {}, {static_cast<int32_t>(v)}));
}

std::vector<ValueId> add_choice(Graph& graph, ValueId index, const std::vector<ValueId>& captures,
                                const Choice& choice);

// A graph of its own that takes the captures and the index.
Graph nested_choice(const Graph& graph, ValueId index, const std::vector<ValueId>& captures,
                    const Choice& choice) {
  Graph nested;
  std::vector<ValueId> inside;
  for (const ValueId v : captures)
    inside.push_back(nested.add_input(graph.value_name(v), graph.value(v).type));
  const ValueId inner = nested.add_input("index", graph.value(index).type);
  for (const ValueId v : add_choice(nested, inner, inside, choice))
    nested.add_output(choice.name, v);
  return nested;
}

// A branch alone, which takes the index besides what it needs.
Graph leaf(Graph branch, const TensorType& index) {
  branch.add_input("index", index);
  return branch;
}

Graph part(const Graph& graph, ValueId index, const std::vector<ValueId>& captures,
           const Choice& choice) {
  if (choice.end - choice.first > 1) return nested_choice(graph, index, captures, choice);
  return leaf(std::move(choice.branches[choice.first]), graph.value(index).type);
}

std::vector<ValueId> add_choice(Graph& graph, ValueId index, const std::vector<ValueId>& captures,
                                const Choice& choice) {
  const size_t middle = (choice.first + choice.end) / 2;
  const DType dtype = graph.value(index).type.dtype;
  const ValueId below =
      graph.add(Binary{BinaryKind::kLess}, {index, scalar(graph, dtype, middle)}, choice.name);
  If both;
  both.then_branch = graph.add_subgraph(
      part(graph, index, captures, {choice.branches, choice.first, middle, choice.name}));
  both.else_branch = graph.add_subgraph(
      part(graph, index, captures, {choice.branches, middle, choice.end, choice.name}));
  std::vector<ValueId> inputs{below};
  inputs.insert(inputs.end(), captures.begin(), captures.end());
  inputs.push_back(index);
  return graph.node(graph.add_node(both, std::move(inputs), choice.name)).outputs;
}

}  // namespace

std::vector<ValueId> add_case(Graph& graph, ValueId index, const std::vector<ValueId>& captures,
                              std::vector<Graph> branches, const std::string& name) {
  // One branch is taken whatever the index: as the last of two that are the same.
  if (branches.size() == 1) branches.insert(branches.begin(), branches[0].clone());
  const DType dtype = graph.value(index).type.dtype;
  const ValueId negative =
      graph.add(Binary{BinaryKind::kLess}, {index, scalar(graph, dtype, 0)}, name);
  const ValueId chosen =
      graph.add(Select{}, {negative, scalar(graph, dtype, branches.size() - 1), index}, name);
  return add_choice(graph, chosen, captures, {branches, 0, branches.size(), name});
}

}  // namespace thaw
