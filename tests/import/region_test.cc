#include "import/region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/import/sample_models.h"

namespace thaw {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(Loops, BecomeWhile) {
  ImportReport report;
  const Graph g = import_text(doubling(), &report);
  EXPECT_EQ(report.loops, 1u);
  EXPECT_EQ(interpret(g, {scalar(5)})[0].data<float>()[0], 32);
  EXPECT_EQ(interpret(g, {scalar(0)})[0].data<float>()[0], 1);
}

TEST(Loops, InvariantsAreOneVariableEachHoweverOftenTheyEnter) {
  ModelText text = doubling();
  text.nodes.push_back(enter("limit2", "n", true));
  text.nodes.push_back(enter("k", "y", true));
  text.nodes.push_back(kY);
  for (std::string& line : text.nodes)
    if (line.rfind("double ", 0) == 0) line = "double | Mul | scaled two";
  text.nodes.push_back("as_float | Cast | limit2 | SrcT {type: DT_INT32} DstT {type: DT_FLOAT}");
  text.nodes.push_back("plus | AddV2 | as_float k");
  text.nodes.push_back("scaled | Mul | sw_s:1 plus");
  const Graph g = import_text(text);
  for (NodeId id = 0; id < g.num_nodes(); ++id) {
    if (!g.node(id).as<While>()) continue;
    EXPECT_EQ(g.node(id).inputs.size(), 4u);  // i, s, n, y
  }
  EXPECT_EQ(interpret(g, {scalar(2), scalar(1.0F)})[0].data<float>()[0], 36);
}

TEST(Loops, NestAndShareNothing) {
  const Graph g = import_text(nested_loops());
  EXPECT_EQ(interpret(g, {scalar(4)})[0].int_at(0), 16);
}

TEST(Loops, VariablesMayGrow) {
  // x = concat(x, x) n times: its shape differs from round to round.
  const Graph g = import_text(
      {{kN,
        "start | Const |  | dtype {type: DT_FLOAT} value {tensor {dtype: DT_FLOAT tensor_shape "
        "{dim {size: 1}} float_val: 3}}",
        "zero | Const |  | " + int_value(0),
        enter("i0", "zero"),
        enter("x0", "start"),
        enter("limit", "n", true),
        "m_i | Merge | i0 next_i",
        "m_x | Merge | x0 next_x",
        "less | Less | m_i limit",
        "cond | LoopCond | less",
        "sw_i | Switch | m_i cond",
        "sw_x | Switch | m_x cond",
        "body | Identity | sw_i:1",
        "one | Const | ^body | " + int_value(1),
        "axis | Const | ^body | " + int_value(0),
        "inc | Add | body one",
        "twice | ConcatV2 | sw_x:1 sw_x:1 axis",
        "next_i | NextIteration | inc",
        "next_x | NextIteration | twice",
        "e_x | Exit | sw_x"},
       {"e_x"}});
  EXPECT_EQ(interpret(g, {scalar(3)})[0].shape(), Shape{8});
}

TEST(Loops, TensorArraysAreLists) {
  const Graph g = import_text(mapped());
  EXPECT_EQ(g.value(g.outputs()[0].value).type.shape, (Shape{kUnknownDim, 2}));
  const Tensor y = interpret(g, {Tensor::of<float>(DType::kFloat32, {2, 2}, {1, 2, 3, 4})})[0];
  EXPECT_EQ(y.shape(), (Shape{2, 2}));
  EXPECT_EQ(y.data<float>()[3], -4);
  // What was scattered says what is read.
  bool found = false;
  for (NodeId id = 0; id < g.num_nodes(); ++id)
    if (const auto* loop = g.node(id).as<While>()) {
      const Graph& body = g.subgraph(loop->body);
      for (NodeId b = 0; b < body.num_nodes(); ++b)
        if (const auto* get = body.node(b).as<ListGet>()) {
          found = true;
          EXPECT_EQ(get->element_shape, Shape{2});
        }
    }
  EXPECT_TRUE(found);
}

TEST(Conditions, BecomeIf) {
  ImportReport report;
  const Graph g = import_text(condition(), &report);
  EXPECT_EQ(report.conditions, 1u);
  EXPECT_EQ(interpret(g, {scalar(true), scalar(5.0F)})[0].data<float>()[0], 6);
  EXPECT_EQ(interpret(g, {scalar(false), scalar(5.0F)})[0].data<float>()[0], 15);
}

TEST(Conditions, MergesOfOnePredicateAreOneIf) {
  ModelText text = condition();
  text.nodes.push_back("merge2 | Merge | y_f three_t");
  text.nodes.push_back("three_t | Const | ^cond/switch_t | " + float_value(7));
  text.outputs = {"merge", "merge2", "merge:1", "merge2:1"};
  ImportReport report;
  const Graph g = import_text(text, &report);
  EXPECT_EQ(report.conditions, 1u);
  const std::vector<Tensor> taken = interpret(g, {scalar(true), scalar(5.0F)});
  EXPECT_EQ(taken[1].data<float>()[0], 7);
  EXPECT_EQ(taken[2].int_at(0), 1);
  const std::vector<Tensor> other = interpret(g, {scalar(false), scalar(5.0F)});
  EXPECT_EQ(other[1].data<float>()[0], 5);
  EXPECT_EQ(other[3].int_at(0), 0);
}

TEST(Conditions, MayHaveNoDataInputs) {
  const Graph g = import_text({{kP, "s | Switch | p p", "t | Identity | s:1", "f | Identity | s",
                                "a | Const | ^t | " + int_value(10),
                                "b | Const | ^f | " + int_value(20), "m | Merge | b a"},
                               {"m"}});
  EXPECT_EQ(interpret(g, {scalar(true)})[0].int_at(0), 10);
  EXPECT_EQ(interpret(g, {scalar(false)})[0].int_at(0), 20);
}

TEST(Conditions, OfManyBranchesAreChosenByIndex) {
  // n == 0: y * y, n == 1: -y, n == 2: y + y; others the last, and which input it was.
  ModelText text{
      {kN, kY, "sw | _SwitchN | y n | T {type: DT_FLOAT} num_outs {i: 3}", "sq | Square | sw",
       "neg | Neg | sw:1", "sum | Add | sw:2 sw:2", "m | Merge | neg sum sq"},
      {"m", "m:1"}};
  const Graph g = import_text(text);
  const auto run = [&](int n) { return interpret(g, {scalar(n), scalar(3.0F)}); };
  for (const auto& [n, value, input] :
       {std::tuple{0, 9.0F, 2}, {1, -3.0F, 0}, {2, 6.0F, 1}, {3, 6.0F, 1}, {-1, 6.0F, 1}}) {
    EXPECT_EQ(run(n)[0].data<float>()[0], value) << n;
    EXPECT_EQ(run(n)[1].int_at(0), input) << n;
  }
  text.nodes.back() = "m | Merge | neg sum";
  EXPECT_THAT(import_error(text), HasSubstr("lacks the result of a branch"));
}

TEST(Conditions, OnOnePredicateMayFollowEachOther) {
  ModelText text = condition();
  for (const char* line :
       {"again_t | Switch | merge p", "again_f | Switch | merge p", "neg | Neg | again_t:1",
        "sq | Square | again_f", "second | Merge | sq neg"})
    text.nodes.emplace_back(line);
  text.outputs = {"second"};
  ImportReport report;
  const Graph g = import_text(text, &report);
  EXPECT_EQ(report.conditions, 2u);
  EXPECT_EQ(interpret(g, {scalar(true), scalar(5.0F)})[0].data<float>()[0], -6);
  EXPECT_EQ(interpret(g, {scalar(false), scalar(5.0F)})[0].data<float>()[0], 225);
}

TEST(Conditions, Nest) {
  // p ? (q ? -y : y * y) : y
  const Graph g =
      import_text({{kP, kY, "q | Placeholder |  | dtype {type: DT_BOOL} shape {shape {}}",
                    "y_p | Switch | y p", "q_p | Switch | q p", "y_q | Switch | y_p:1 q_p:1",
                    "neg | Neg | y_q:1", "sq | Square | y_q", "inner | Merge | sq neg",
                    "same | Identity | y_p", "outer | Merge | same inner"},
                   {"outer"}});
  auto run = [&](bool p, bool q) {
    return interpret(g, {scalar(p), scalar(3.0F), scalar(q)})[0].data<float>()[0];
  };
  EXPECT_EQ(run(true, true), -3);
  EXPECT_EQ(run(true, false), 9);
  EXPECT_EQ(run(false, true), 3);
}

TEST(Conditions, BranchesThatNeverRunAreLeftOut) {
  const Graph g = import_text({{kP, kY, "a | Switch | y p", "dead | Switch | a:1 p",
                                "neg | Neg | dead", "live | Abs | dead:1", "m | Merge | neg live",
                                "back | Identity | a", "out | Merge | back m"},
                               {"out"}});
  EXPECT_EQ(interpret(g, {scalar(true), scalar(-3.0F)})[0].data<float>()[0], 3);
  EXPECT_EQ(interpret(g, {scalar(false), scalar(-3.0F)})[0].data<float>()[0], -3);
}

TEST(Conditions, LieInsideLoops) {
  // while (i < n) { s = i < 2 ? s + 1 : s * 2 }
  ModelText text = doubling();
  for (std::string& line : text.nodes)
    if (line.rfind("next_s ", 0) == 0) line = "next_s | NextIteration | m";
  for (const std::string& line :
       {std::string("few | Less | body bound"), "bound | Const | ^body | " + int_value(2),
        std::string("c | Switch | few few"), std::string("t | Identity | c:1"),
        std::string("s_c | Switch | sw_s:1 few"), "plus1 | Const | ^t | " + float_value(1),
        std::string("more | Add | s_c:1 plus1"), std::string("twice | Mul | s_c two"),
        std::string("m | Merge | twice more")})
    text.nodes.push_back(line);
  const Graph g = import_text(text);
  EXPECT_EQ(interpret(g, {scalar(4)})[0].data<float>()[0], 12);
}

TEST(Functions, AreNestedGraphs) {
  const Graph g = import_graph(functional(), nullptr);
  verify(g);
  EXPECT_EQ(interpret(g, {scalar(2), scalar(3.0F)})[0].data<float>()[0], 9);
  EXPECT_EQ(interpret(g, {scalar(3), scalar(3.0F)})[0].data<float>()[0], -81);
}

TEST(Functions, MissingOnesAreNamed) {
  FrozenModel m = functional();
  m.functions.erase("t");
  EXPECT_THAT(import_error(std::move(m)),
              HasSubstr("node 'if' (StatelessIf): there is no function 't'"));
}

TEST(Functions, RecursionEnds) {
  FrozenModel m = functional();
  *m.functions["t"].nodes.Mutable(0) = node(
      "neg | StatelessIf | a a | then_branch {func {name: 't'}} else_branch {func {name: 'e'}}");
  EXPECT_THAT(import_error(std::move(m)), HasSubstr("nested deeper than 64"));
}

TEST(Functions, UnsupportedOpsInsideAreNamed) {
  FrozenModel m = functional();
  m.functions["e"].nodes.Mutable(0)->set_op("Foo");
  const auto unsupported = unsupported_ops(m);
  ASSERT_EQ(unsupported.size(), 1u);
  EXPECT_EQ(unsupported[0], (std::pair<std::string, std::string>{"Foo", "sq"}));
}

// `text` with the line that starts with `name` replaced.
ModelText with(ModelText text, const std::string& name, const std::string& line) {
  for (std::string& old : text.nodes)
    if (old.rfind(name + " |", 0) == 0) old = line;
  return text;
}

TEST(BrokenControlFlow, IsNamed) {
  EXPECT_THAT(import_error(with(doubling(), "m_s", "m_s | Merge | s0 double")),
              HasSubstr("node 'm_s' (Merge): a loop variable's inputs"));
  EXPECT_THAT(import_error(with(doubling(), "m_s", "m_s | Merge | start next_s")),
              HasSubstr("node 'm_s' (Merge): a loop variable's inputs"));
  EXPECT_THAT(import_error(with(doubling(), "e_s", "e_s | Exit | m_s")),
              HasSubstr("node 'e_s' (Exit): expected the output 0 of a loop variable's Switch"));
  EXPECT_THAT(import_error(with(doubling(), "limit", enter("limit", "n", false))),
              HasSubstr("node 'limit' (Enter): is neither constant nor"));
  EXPECT_THAT(import_error(with(doubling(), "cond", "cond | Identity | less")),
              HasSubstr("has no LoopCond"));
  EXPECT_THAT(import_error(with(doubling(), "s0", "s0 | Enter | start")), HasSubstr("frame_name"));
  EXPECT_THAT(import_error(with(doubling(), "s0", enter("s0", "start", false, "other"))),
              HasSubstr("from two loops"));
  EXPECT_THAT(import_error(with(condition(), "merge", "merge | Merge | plus plus")),
              HasSubstr("node 'merge' (Merge): its inputs are not the branches"));
  EXPECT_THAT(import_error(with(condition(), "plus", "plus | Add | y_t:2 one")),
              HasSubstr("node 'y_t' (Switch) has no output 2"));
  ModelText leak = condition();
  leak.outputs = {"plus"};
  EXPECT_THAT(import_error(leak), HasSubstr("only one branch"));
}

}  // namespace
}  // namespace thaw
