#include "graph/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "thaw/error.h"

namespace thaw {

// Breaks what Graph's own functions keep whole.
struct GraphBreaker {
  static Node& node(Graph& g, NodeId id) { return g.nodes_[id]; }
  static Value& value(Graph& g, ValueId id) { return g.values_[id]; }
  static GraphOutput& output(Graph& g, size_t i) { return g.outputs_[i]; }
};

namespace {

using ::testing::HasSubstr;

constexpr const char* kChain = R"(graph(%x: float32[2,3]) {
  %1 = Unary(%x) {kind=Relu} "a"
  %2 = Unary(%1) {kind=Relu} "b"
  return y=%2
})";

constexpr const char* kLoop = R"(graph(%x: float32[2,3]) {
  %1 = While(%x) {
    cond={ graph(%x: float32[2,3]) { %c = Const() {value=bool[]{false}} return c=%c } },
    body={ graph(%x: float32[2,3]) { %y = Unary(%x) {kind=Relu} return y=%y } }} "loop"
  return y=%1
})";

void expect_broken(const Graph& g, const std::string& what) {
  try {
    verify(g);
    ADD_FAILURE() << "not found: " << what;
  } catch (const InternalError& e) {
    EXPECT_THAT(e.what(), HasSubstr(what));
  }
}

TEST(Verify, AcceptsWholeGraphs) {
  EXPECT_NO_THROW(verify(parse_graph(kChain)));
  EXPECT_NO_THROW(verify(parse_graph(kLoop)));
}

TEST(Verify, NodeWithoutOp) {
  Graph g = parse_graph(kChain);
  g.op(0) = std::monostate{};
  expect_broken(g, "has no op");
}

TEST(Verify, InputIdOutOfRange) {
  Graph g = parse_graph(kChain);
  GraphBreaker::node(g, 0).inputs[0] = 99;
  expect_broken(g, "reads value 99 of none");
}

TEST(Verify, OutputIdOutOfRange) {
  Graph g = parse_graph(kChain);
  GraphBreaker::node(g, 0).outputs[0] = 99;
  expect_broken(g, "of none");
}

TEST(Verify, ValueOfAnotherProducer) {
  Graph g = parse_graph(kChain);
  GraphBreaker::value(g, g.node(0).outputs[0]).producer = 1;
  expect_broken(g, "does not own output 0");
}

TEST(Verify, GraphInputWithProducer) {
  Graph g = parse_graph(kChain);
  GraphBreaker::value(g, g.inputs()[0]).producer = 0;
  expect_broken(g, "is not free");
}

TEST(Verify, GraphOutputOutOfRange) {
  Graph g = parse_graph(kChain);
  GraphBreaker::output(g, 0).value = 99;
  expect_broken(g, "output 'y' is value 99 of none");
}

TEST(Verify, UsersThatDoNotMatch) {
  Graph g = parse_graph(kChain);
  GraphBreaker::value(g, g.inputs()[0]).users.push_back(1);
  expect_broken(g, "knows 2 readers, it has 1");
}

TEST(Verify, OutputThatItsValueDoesNotKnow) {
  Graph g = parse_graph(kChain);
  GraphBreaker::output(g, 0).value = g.node(0).outputs[0];
  expect_broken(g, "does not know that it is output 'y'");
}

TEST(Verify, DeadNodeInUse) {
  Graph g = parse_graph(kChain);
  GraphBreaker::node(g, 0).alive = false;
  GraphBreaker::value(g, g.inputs()[0]).users.clear();
  expect_broken(g, "that nothing makes");
}

TEST(Verify, OutputThatNothingMakes) {
  Graph g = parse_graph(kChain);
  GraphBreaker::node(g, 1).alive = false;
  GraphBreaker::value(g, g.node(1).inputs[0]).users.clear();
  expect_broken(g, "output 'y' is a value that nothing makes");
}

TEST(Verify, Cycle) {
  Graph g = parse_graph(kChain);
  g.set_input(0, 0, g.node(1).outputs[0]);
  expect_broken(g, "cycle through node 'a'");
}

TEST(Verify, TypesThatInferenceContradicts) {
  Graph g = parse_graph(kChain);
  g.set_type(g.node(0).outputs[0], {DType::kFloat32, {2, 4}});
  expect_broken(g, "gives float32[2,3] as output 0, not float32[2,4]");
  g.set_type(g.node(0).outputs[0], {DType::kInt32, {2, 3}});
  expect_broken(g, "not int32[2,3]");
}

TEST(Verify, ImpossibleOp) {
  Graph g = parse_graph(kChain);
  g.op(0) = Unary{UnaryKind::kLogicalNot};
  expect_broken(g, "bool was expected");
}

TEST(Verify, NumberOfOutputs) {
  Graph g = parse_graph(kChain);
  Unpack unpack;
  unpack.count = 2;
  g.op(0) = unpack;
  expect_broken(g, "has 1 outputs, not 2");
}

TEST(Verify, NestedGraphOutOfRange) {
  Graph g = parse_graph(kLoop);
  std::get<While>(g.op(0)).body.index = 7;
  expect_broken(g, "nested graph 7 of 2");
}

TEST(Verify, NestedGraphShared) {
  Graph g = parse_graph(kLoop);
  std::get<While>(g.op(0)).body = std::get<While>(g.op(0)).cond;
  expect_broken(g, "shares nested graph");
}

TEST(Verify, NestedSignatures) {
  Graph g = parse_graph(kLoop);
  Graph& body = g.subgraph(std::get<While>(g.op(0)).body);
  body.add_output("z", body.inputs()[0]);
  expect_broken(g, "takes 1 values from a graph that gives 2");
  body.remove_output(1);
  body.add_input("z", {DType::kFloat32, {}});
  expect_broken(g, "hands 1 values to a graph that takes 2");
  body.remove_input(1);
  verify(g);
  body.set_type(body.inputs()[0], {DType::kFloat32, {5}});
  expect_broken(g, "hands float32[2,3] to a graph that takes float32[5]");
}

TEST(Verify, GoesDownIntoNestedGraphs) {
  Graph g = parse_graph(kLoop);
  Graph& body = g.subgraph(std::get<While>(g.op(0)).body);
  body.set_type(body.outputs()[0].value, {DType::kFloat32, {2, 9}});
  expect_broken(g, "not float32[2,9]");
}

}  // namespace
}  // namespace thaw
