#include "passes/fold_constants.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(FoldConstants, ComputesWhatIsConstant) {
  expect_pass(fold_constants, R"(graph(%x: float32[2]) {
    %a = Const() {value=float32[2]{1,2}}
    %b = Const() {value=float32[2]{10,20}}
    %c = Binary(%a, %b)
    %d = Unary(%c) {kind=Neg}
    %e = Binary(%d, %x) {kind=Mul}
    return e=%e
  })",
              R"(graph(%x: float32[2]) {
    %d = Const() {value=float32[2]{-11,-22}}
    %e = Binary(%d, %x) {kind=Mul}
    return e=%e
  })");
}

TEST(FoldConstants, ShapesAreConstantWithoutTheTensor) {
  expect_pass(fold_constants, R"(graph(%x: float32[4,5]) {
    %shape = ShapeOf(%x)
    %size = Size(%x)
    %rank = Rank(%x)
    return shape=%shape, size=%size, rank=%rank
  })",
              R"(graph(%x: float32[4,5]) {
    %shape = Const() {value=int32[2]{4,5}}
    %size = Const() {value=int32[]{20}}
    %rank = Const() {value=int32[]{2}}
    return shape=%shape, size=%size, rank=%rank
  })");
}

// Only the height is known; what reads just the height folds, and the types after it get exact.
TEST(FoldConstants, KnownDimensionOfAPartlyKnownShape) {
  expect_pass(fold_constants, R"(graph(%x: float32[?,7,?,3]) {
    %shape = ShapeOf(%x)
    %1 = Const() {value=int32[1]{1}}
    %2 = Const() {value=int32[1]{2}}
    %h = StridedSlice(%shape, %1, %2, %1) {shrink_axis_mask=1}
    %w = StridedSlice(%shape, %2, %2, %1) {end_mask=1, shrink_axis_mask=1}
    %dims = Pack(%h, %h)
    %one = Const() {value=float32[]{1}}
    %y = Fill(%dims, %one)
    return h=%h, w=%w, y=%y
  })",
              R"(graph(%x: float32[?,7,?,3]) {
    %h = Const() {value=int32[]{7}}
    %shape = ShapeOf(%x)
    %1 = Const() {value=int32[1]{1}}
    %2 = Const() {value=int32[1]{2}}
    %w = StridedSlice(%shape, %2, %2, %1) {end_mask=1, shrink_axis_mask=1}
    %y = Const() {value=float32[7,7]{all 1}}
    return h=%h, w=%w, y=%y
  })");
}

TEST(FoldConstants, TakesTheBranchOfAConstantPredicate) {
  expect_pass(fold_constants, R"(graph(%x: float32[2]) {
    %p = Const() {value=bool[]{true}}
    %y = If(%p, %x) {then={ graph(%x: float32[?]) { %n = Unary(%x) {kind=Neg} return n=%n } },
                     else={ graph(%x: float32[?]) { %n = Binary(%x, %x) return n=%n } }}
    %shape = ShapeOf(%y)
    return y=%y, shape=%shape
  })",
              R"(graph(%x: float32[2]) {
    %y = Unary(%x) {kind=Neg}
    %shape = Const() {value=int32[1]{2}}
    return y=%y, shape=%shape
  })");
}

TEST(FoldConstants, GoesDownIntoLoops) {
  expect_pass(fold_constants, R"(graph(%i: int32[]) {
    %y = While(%i) {
      cond={ graph(%i: int32[]) {
        %a = Const() {value=int32[]{2}}
        %b = Const() {value=int32[]{3}}
        %n = Binary(%a, %b) {kind=Mul}
        %c = Binary(%i, %n) {kind=Less}
        return c=%c } },
      body={ graph(%i: int32[]) { %o = Const() {value=int32[]{1}} %n = Binary(%i, %o) return n=%n } }}
    return y=%y
  })",
              R"(graph(%i: int32[]) {
    %y = While(%i) {
      cond={ graph(%i: int32[]) {
        %n = Const() {value=int32[]{6}}
        %c = Binary(%i, %n) {kind=Less}
        return c=%c } },
      body={ graph(%i: int32[]) { %o = Const() {value=int32[]{1}} %n = Binary(%i, %o) return n=%n } }}
    return y=%y
  })");
}

TEST(FoldConstants, LeavesWhatIsTooLarge) {
  PassContext context = test_context();
  context.max_folded_bytes = 64;
  Graph g = parse_graph(R"(graph() {
    %dims = Const() {value=int32[1]{100}}
    %one = Const() {value=float32[]{1}}
    %y = Fill(%dims, %one)
    return y=%y
  })");
  EXPECT_FALSE(fold_constants(g, context));
  context.max_folded_bytes = 400;
  EXPECT_TRUE(fold_constants(g, context));
}

// The op's result is small without what its strings hold, and large with it.
TEST(FoldConstants, CountsStringsWithTheirContents) {
  PassContext context = test_context();
  context.max_folded_bytes = 20000;
  for (const int64_t copies : {10, 1000}) {
    Graph g;
    Tensor text = Tensor::empty(DType::kString, {1});
    *text.data<std::string>() = std::string(1000, 'x');
    const ValueId many = g.add(Tile{}, {g.constant(text), g.constant_ints({copies})});
    std::vector<ValueId> parts(static_cast<size_t>(copies), g.constant(text));
    g.add_output("many", many);
    g.add_output("long", g.add(StringJoin{}, parts));
    fold_constants(g, context);
    for (const GraphOutput& output : g.outputs())
      EXPECT_EQ(g.constant_value(output.value) != nullptr, copies == 10) << output.name;
  }
}

TEST(FoldConstants, AllTogetherStayWithinABudget) {
  PassContext context = test_context();
  context.folded = std::make_shared<MemoryBudget>(2500);
  Graph g;
  const ValueId dims = g.constant_ints({250});
  for (float i = 0; i < 5; ++i) g.add_output("y", g.add(Fill{}, {dims, g.constant_scalar(i)}));
  fold_constants(g, context);
  int folded = 0;
  for (const GraphOutput& output : g.outputs()) folded += g.constant_value(output.value) != nullptr;
  EXPECT_EQ(folded, 2);
}

TEST(FoldConstants, StepsOnTheWayAreFreed) {
  PassContext context = test_context();
  context.folded = std::make_shared<MemoryBudget>(10000);
  Graph g;
  ValueId x = g.add(Fill{}, {g.constant_ints({250}), g.constant_scalar(1)});
  for (int i = 0; i < 50; ++i) x = g.add(Unary{UnaryKind::kNeg}, {x});
  g.add_output("x", x);
  fold_constants(g, context);
  EXPECT_EQ(g.num_live_nodes(), 1U);
}

TEST(FoldConstants, LeavesWhatFailsToTheRun) {
  expect_unchanged(fold_constants, R"(graph() {
    %x = Const() {value=float32[2]{1,2}}
    %i = Const() {value=int32[1]{5}}
    %axis = Const() {value=int32[]{0}}
    %y = Gather(%x, %i, %axis)
    return y=%y
  })");
}

}  // namespace
}  // namespace thaw
