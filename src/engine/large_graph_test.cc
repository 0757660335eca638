// Graphs of many tiny nodes take time by their number, not by its square.
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "graph/graph.h"
#include "thaw/engine.h"

namespace thaw {
namespace {

constexpr int kMany = 20000;
// Of processors; by the square it would be many times that. Sanitized code is not optimised, and
// every access is checked.
#if defined(__clang__)
constexpr double kMostSeconds = __has_feature(address_sanitizer) ? 30 : 3;
#else
constexpr double kMostSeconds = 3;
#endif

ValueId input(Graph& g) { return g.add_input("x", {DType::kFloat32, {2}}); }

// x, x + 1, x + 2 ... one after the other, with names between them.
void chain(Graph& g) {
  ValueId x = input(g);
  for (int i = 0; i < kMany; i += 2) {
    x = g.add(Identity{}, {x}, "same" + std::to_string(i));
    x = g.add(Binary{BinaryKind::kAdd}, {x, g.constant_scalar(1)}, "add" + std::to_string(i));
  }
  g.add_output("y", x);
}

void fan_out(Graph& g) {
  const ValueId x = input(g);
  std::vector<ValueId> parts;
  for (int i = 0; i < kMany; ++i) parts.push_back(g.add(Unary{UnaryKind::kNeg}, {x}));
  g.add_output("y", g.add(AddN{}, parts));
}

void different_fan_out(Graph& g) {
  const ValueId x = input(g);
  std::vector<ValueId> parts;
  for (int i = 0; i < kMany; ++i)
    parts.push_back(g.add(Binary{BinaryKind::kMul}, {x, g.constant_scalar(static_cast<float>(i))}));
  g.add_output("y", g.add(Pack{}, parts));
}

void all_outputs(Graph& g) {
  const ValueId x = input(g);
  for (int i = 0; i < kMany; ++i)
    g.add_output("y" + std::to_string(i), g.add(Identity{}, {x}, "y" + std::to_string(i)));
}

void constants(Graph& g) {
  std::vector<ValueId> parts{input(g)};
  for (int i = 0; i < kMany; ++i)
    parts.push_back(g.constant(Tensor::of<float>(DType::kFloat32, {1}, {static_cast<float>(i)})));
  parts.push_back(g.constant(Tensor::of<int32_t>(DType::kInt32, {}, {0})));
  g.add_output("y", g.add(Concat{}, parts));
}

void loop_of_many_variables(Graph& g) {
  constexpr int kVariables = kMany / 4;
  Graph cond;
  Graph body;
  std::vector<ValueId> start;
  const ValueId x = input(g);
  for (int i = 0; i < kVariables; ++i) {
    const std::string name = "v" + std::to_string(i);
    cond.add_input(name, {DType::kFloat32, {2}});
    const ValueId v = body.add_input(name, {DType::kFloat32, {2}});
    body.add_output(name, body.add(Unary{UnaryKind::kNeg}, {v}));
    start.push_back(x);
  }
  cond.add_output("more", cond.constant(Tensor::of<uint8_t>(DType::kBool, {}, {0})));
  While loop;
  loop.cond = g.add_subgraph(std::move(cond));
  loop.body = g.add_subgraph(std::move(body));
  const NodeId node = g.add_node(loop, start, "loop");
  g.add_output("y", g.node(node).outputs[kVariables - 1]);
}

void nested_branches(Graph& g) {
  ValueId x = input(g);
  const ValueId p = g.add_input("p", {DType::kBool, {}});
  for (int i = 0; i < kMany / 10; ++i) {
    Graph same;
    same.add_output("y", same.add_input("x", {DType::kFloat32, {2}}));
    Graph other;
    other.add_output(
        "y", other.add(Unary{UnaryKind::kNeg}, {other.add_input("x", {DType::kFloat32, {2}})}));
    If branches;
    branches.then_branch = g.add_subgraph(std::move(same));
    branches.else_branch = g.add_subgraph(std::move(other));
    x = g.add(branches, {p, x}, "if" + std::to_string(i));
  }
  g.add_output("y", x);
}

class LargeGraph : public ::testing::TestWithParam<void (*)(Graph&)> {};

TEST_P(LargeGraph, IsBuiltAndRunInLittleTime) {
  const std::clock_t start = std::clock();
  Graph g;
  GetParam()(g);
  Engine engine(Model::from_graph(std::move(g)));
  std::vector<Tensor> inputs{Tensor::zeros(DType::kFloat32, {2})};
  if (engine.inputs().size() == 2) inputs.push_back(Tensor::zeros(DType::kBool, {}));
  engine.run(inputs);
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, kMostSeconds);
}

INSTANTIATE_TEST_SUITE_P(All, LargeGraph,
                         ::testing::Values(chain, fan_out, different_fan_out, all_outputs,
                                           constants, loop_of_many_variables, nested_branches));

}  // namespace
}  // namespace thaw
