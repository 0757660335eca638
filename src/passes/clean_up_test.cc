// The passes that only take away: dead code, identities, asserts, common sub-expressions.
#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/eliminate_dead_code.h"
#include "passes/pass_test_util.h"
#include "passes/remove_asserts.h"
#include "passes/remove_identities.h"
#include "passes/remove_neutral_operands.h"

namespace thaw {
namespace {

TEST(EliminateDeadCode, KeepsOutputsAndAsserts) {
  Graph g = parse_graph(R"(graph(%x: float32[2], %c: bool[]) {
    %a = Unary(%x) {kind=Exp}
    %b = Unary(%a) {kind=Log}
    %d = Unary(%x) {kind=Neg}
    Assert(%c, %x)
    return d=%d
  })");
  EXPECT_TRUE(eliminate_dead_code(g, test_context()));
  EXPECT_EQ(g.num_live_nodes(), 2U);
  EXPECT_FALSE(eliminate_dead_code(g, test_context()));
}

TEST(EliminateDeadCode, GoesDownIntoNestedGraphs) {
  Graph g = parse_graph(R"(graph(%p: bool[], %x: float32[2]) {
    %y = If(%p, %x) {then={ graph(%x: float32[2]) { %n = Unary(%x) return x=%x } },
                     else={ graph(%x: float32[2]) { return x=%x } }}
    return y=%y
  })");
  EXPECT_TRUE(eliminate_dead_code(g, test_context()));
  EXPECT_EQ(g.subgraph({0}).num_live_nodes(), 0U);
}

TEST(RemoveAsserts, AlsoInLoops) {
  expect_pass(remove_asserts, R"(graph(%x: bool[]) {
    Assert(%x, %x)
    %y = While(%x) {cond={ graph(%x: bool[]) { return x=%x } },
                    body={ graph(%x: bool[]) { Assert(%x, %x)
                                               %n = Unary(%x) {kind=LogicalNot} return n=%n } }}
    return y=%y
  })",
              R"(graph(%x: bool[]) {
    %y = While(%x) {cond={ graph(%x: bool[]) { return x=%x } },
                    body={ graph(%x: bool[]) { %n = Unary(%x) {kind=LogicalNot} return n=%n } }}
    return y=%y
  })");
}

TEST(RemoveIdentities, OfEveryKind) {
  expect_pass(remove_identities, R"(graph(%x: float32[2,3]) {
    %1 = Identity(%x)
    %2 = Cast(%1) {dtype=float32}
    %shape = Const() {value=int32[2]{-1,3}}
    %3 = Reshape(%2, %shape)
    %zero = Const() {value=int32[]{0}}
    %4 = Concat(%3, %zero)
    %permutation = Const() {value=int32[2]{0,1}}
    %5 = Transpose(%4, %permutation)
    %none = Const() {value=int32[2,2]{0,0,0,0}}
    %6 = Pad(%5, %none)
    %ones = Const() {value=int32[2]{1,1}}
    %7 = Tile(%6, %ones)
    %zeros = Const() {value=int32[2]{0,0}}
    %8 = Slice(%7, %zeros, %shape)
    %9 = Split(%zero, %8) {count=1}
    %10 = Unary(%9) {kind=Neg}
    return y=%10
  })",
              R"(graph(%x: float32[2,3]) {
    %10 = Unary(%x) {kind=Neg}
    return y=%10
  })");
}

TEST(RemoveIdentities, OfReshapesOnlyTheLastMatters) {
  expect_pass(remove_identities, R"(graph(%x: float32[2,3]) {
    %a = Const() {value=int32[1]{6}}
    %zero = Const() {value=int32[]{0}}
    %1 = Reshape(%x, %a)
    %2 = ExpandDims(%1, %zero)
    %3 = Pack(%x) {axis=1}
    %4 = Squeeze(%3) {axes=[1]}
    %5 = Unary(%4)
    return y=%2, z=%5
  })",
              R"(graph(%x: float32[2,3]) {
    %s = Const() {value=int64[2]{1,6}}
    %2 = Reshape(%x, %s)
    %5 = Unary(%x)
    return y=%2, z=%5
  })");
}

TEST(RemoveIdentities, LeavesWhatMoves) {
  expect_unchanged(remove_identities, R"(graph(%x: float32[2,2], %u: float32[?,2]) {
    %p = Const() {value=int32[2]{1,0}}
    %1 = Transpose(%x, %p)
    %zeros = Const() {value=int32[2]{0,0}}
    %minus = Const() {value=int32[2]{-1,1}}
    %2 = StridedSlice(%x, %zeros, %zeros, %minus) {begin_mask=3, end_mask=3}
    %s = Const() {value=int32[2]{-1,2}}
    %3 = Reshape(%u, %s)
    return a=%1, b=%2, c=%3
  })");
}

TEST(RemoveIdentities, PutTogetherAgain) {
  expect_pass(remove_identities, R"(graph(%x: float32[2,?]) {
    %a, %b = Unpack(%x) {count=2}
    %1 = Pack(%a, %b)
    %zero = Const() {value=int32[]{0}}
    %c, %d = Split(%zero, %x) {count=2}
    %minus = Const() {value=int32[]{-2}}
    %2 = Concat(%c, %d, %minus)
    %3 = Binary(%1, %2)
    %4 = Pack(%b, %a)
    %5 = Pack(%a, %b) {axis=1}
    return x=%3, y=%4, z=%5
  })",
              R"(graph(%x: float32[2,?]) {
    %3 = Binary(%x, %x)
    %a, %b = Unpack(%x) {count=2}
    %4 = Pack(%b, %a)
    %5 = Pack(%a, %b) {axis=1}
    return x=%3, y=%4, z=%5
  })");
}

TEST(RemoveNeutralOperands, OnlyWhereNoBitChanges) {
  expect_pass(remove_neutral_operands, R"(graph(%x: float32[2,3], %i: int32[2]) {
    %one = Const() {value=float32[]{1}}
    %ones = Const() {value=float32[3]{1,1,1}}
    %zero = Const() {value=float32[]{0}}
    %izero = Const() {value=int32[]{0}}
    %1 = Binary(%x, %one) {kind=Div}
    %2 = Binary(%ones, %1) {kind=Mul}
    %3 = Binary(%2, %zero) {kind=Sub}
    %4 = Binary(%i, %izero)
    return x=%3, i=%4
  })",
              R"(graph(%x: float32[2,3], %i: int32[2]) { return x=%x, i=%i })");
  // -0 + 0 is 0, 1 / x is not x, the constant gives the shape, the activation is at work.
  expect_unchanged(remove_neutral_operands, R"(graph(%x: float32[2,3]) {
    %one = Const() {value=float32[]{1}}
    %wide = Const() {value=float32[1,1,1]{1}}
    %zero = Const() {value=float32[]{0}}
    %1 = Binary(%x, %zero)
    %2 = Binary(%one, %x) {kind=Div}
    %3 = Binary(%x, %wide) {kind=Mul}
    %4 = Binary(%x, %zero) {kind=Sub, activation=Relu}
    return a=%1, b=%2, c=%3, d=%4
  })");
}

// The second result is nobody's; what only it needs goes.
TEST(EliminateDeadCode, OfBranchesOutputs) {
  expect_pass(eliminate_dead_code, R"(graph(%p: bool[], %x: float32[2]) {
    %a, %b, %c = If(%p, %x) {
      then={ graph(%x: float32[2]) { %e = Unary(%x) {kind=Exp} return x=%x, e=%e, y=%x } },
      else={ graph(%x: float32[2]) { %n = Unary(%x) {kind=Neg} return x=%x, e=%x, n=%n } }} "if"
    return a=%a, c=%c
  })",
              R"(graph(%p: bool[], %x: float32[2]) {
    %a, %c = If(%p, %x) {
      then={ graph(%x: float32[2]) { return x=%x, y=%x } },
      else={ graph(%x: float32[2]) { %n = Unary(%x) {kind=Neg} return x=%x, n=%n } }}
    return a=%a, c=%c
  })");
}

TEST(EliminateCommonSubexpressions, MergesEqualNodesOnEqualInputs) {
  expect_pass(eliminate_common_subexpressions, R"(graph(%x: float32[2]) {
    %a = Const() {value=float32[]{1}}
    %b = Const() {value=float32[]{1}}
    %1 = Binary(%x, %a)
    %2 = Binary(%x, %b)
    %3 = Binary(%1, %2) {kind=Mul}
    return y=%3
  })",
              R"(graph(%x: float32[2]) {
    %a = Const() {value=float32[]{1}}
    %1 = Binary(%x, %a)
    %3 = Binary(%1, %1) {kind=Mul}
    return y=%3
  })");
}

TEST(EliminateCommonSubexpressions, TellsAttributesApart) {
  expect_unchanged(eliminate_common_subexpressions, R"(graph(%x: float32[2]) {
    %a = Const() {value=float32[]{0}}
    %b = Const() {value=float32[]{-0}}
    %1 = Binary(%x, %a)
    %2 = Binary(%x, %b)
    %3 = Binary(%x, %a) {activation=Relu}
    return a=%1, b=%2, c=%3
  })");
}

}  // namespace
}  // namespace thaw
