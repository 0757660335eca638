#include "passes/specialise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"
#include "thaw/error.h"

namespace thaw {
namespace {

std::string type_of_output(const Graph& g, size_t i) {
  return g.value(g.outputs()[i].value).type.str();
}

constexpr const char* kGraph = R"(graph(%x: float32[?,?,?,3], %p: bool[]) {
  %w = Const() {value=float32[3,3,3,8]{all 0}}
  %y: float32[?,?,?,8] = Conv2D(%x, %w) {strides=[2,2], padding=SAME}
  %z = If(%p, %y) {then={ graph(%y: float32[?,?,?,8]) { %n = Unary(%y) return n=%n } },
                   else={ graph(%y: float32[?,?,?,8]) { return y=%y } }}
  return y=%y, z=%z
})";

TEST(Specialise, MakesTypesExactInNestedGraphsToo) {
  Graph g = parse_graph(kGraph);
  specialise(g, {{"x", {1, 300, 301, 3}}});
  EXPECT_EQ(type_of_output(g, 0), "float32[1,150,151,8]");
  EXPECT_EQ(type_of_output(g, 1), "float32[1,150,151,8]");
  const Graph& branch = g.subgraph({0});
  EXPECT_EQ(branch.value(branch.inputs()[0]).type.str(), "float32[1,150,151,8]");
  verify(g);
}

TEST(Specialise, RefusesShapesAndNamesThatDoNotFit) {
  Graph g = parse_graph(kGraph);
  EXPECT_THROW(specialise(g, {{"x", {1, 300, 300, 4}}}), InputError);
  EXPECT_THROW(specialise(g, {{"x", {300, 300, 3}}}), InputError);
  EXPECT_THROW(specialise(g, {{"y", {1}}}), InputError);
}

TEST(Specialise, InputsThatAreNotFedTakeTheirDefaults) {
  const Graph g = parse_graph(R"(graph(%x: float32[2,3], %scale: float32?) {
    %default = Unary(%x) {kind=Abs}
    %used = Identity(%scale, %default)
    %y = Binary(%x, %used) {kind=Mul}
    return y=%y
  })");
  Graph unfed = g.clone();
  specialise(unfed, {{"x", {2, 3}}});
  EXPECT_EQ(type_of_output(unfed, 0), "float32[2,3]");
  EXPECT_TRUE(unfed.value(unfed.inputs()[1]).users.empty());
  verify(unfed);
  Graph fed = g.clone();
  specialise(fed, {{"x", {2, 3}}, {"scale", {4, 2, 3}}});
  EXPECT_EQ(type_of_output(fed, 0), "float32[4,2,3]");
  verify(fed);
}

// A branch for another rank than the one given is no error: it is not taken.
TEST(Specialise, ImpossibleBranchKeepsItsTypes) {
  Graph g = parse_graph(R"(graph(%x: float32?) {
    %rank = Rank(%x)
    %three = Const() {value=int32[]{3}}
    %p = Binary(%rank, %three) {kind=Equal}
    %y = If(%p, %x) {
      then={ graph(%x: float32?) {
        %perm = Const() {value=int32[3]{2,0,1}}
        %n: float32[?,?,?] = Transpose(%x, %perm)
        return n=%n } },
      else={ graph(%x: float32?) { return x=%x } }}
    return y=%y
  })");
  specialise(g, {{"x", {2, 2}}});
  EXPECT_EQ(type_of_output(g, 0), "float32?");
  verify(g);
}

TEST(Specialise, LoopsSettleOnWhatHoldsInEveryRound) {
  Graph g = parse_graph(R"(graph(%x: float32[?,4], %n: int32[]) {
    %zero = Const() {value=int32[]{0}}
    %i, %y, %k, %m = While(%zero, %x, %x, %n) {
      cond={ graph(%i: int32[], %y: float32[?,4], %k: float32[?,4], %n: int32[]) {
        %c = Binary(%i, %n) {kind=Less} return c=%c } },
      body={ graph(%i: int32[], %y: float32[?,4], %k: float32[?,4], %n: int32[]) {
        %one = Const() {value=int32[]{1}}
        %zero = Const() {value=int32[]{0}}
        %j = Binary(%i, %one)
        %z = Concat(%y, %k, %zero)
        return i=%j, y=%z, k=%k, n=%n } }}
    return y=%y, k=%k
  })");
  specialise(g, {{"x", {2, 4}}});
  EXPECT_EQ(type_of_output(g, 0), "float32[?,4]");
  EXPECT_EQ(type_of_output(g, 1), "float32[2,4]");
  verify(g);
}

}  // namespace
}  // namespace thaw
