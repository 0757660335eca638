#include "passes/sink_constants.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "passes/pass_test_util.h"

namespace thaw {
namespace {

constexpr const char* kLoop = R"(graph(%n: int32[]) {
  %zero = Const() {value=int32[]{0}}
  %step = Const() {value=int32[]{3}}
  %i, %s, %u, %m = While(%zero, %step, %zero, %n) {
    cond={ graph(%i: int32[], %s: int32[], %u: int32[], %m: int32[]) {
      %c = Binary(%i, %m) {kind=Less} return c=%c } },
    body={ graph(%i: int32[], %s: int32[], %u: int32[], %m: int32[]) {
      %j = Binary(%i, %s)
      %v = Binary(%u, %i)
      return i=%j, s=%s, u=%v, m=%m } }}
  %y = Binary(%i, %s)
  return y=%y
})";

// The step is constant and moves in; %u only feeds itself and goes.
TEST(SinkConstants, IntoLoops) {
  expect_pass(sink_constants, kLoop, R"(graph(%n: int32[]) {
  %zero = Const() {value=int32[]{0}}
  %i, %m = While(%zero, %n) {
    cond={ graph(%i: int32[], %m: int32[]) { %c = Binary(%i, %m) {kind=Less} return c=%c } },
    body={ graph(%i: int32[], %m: int32[]) {
      %s = Const() {value=int32[]{3}}
      %j = Binary(%i, %s)
      return i=%j, m=%m } }}
  %step = Const() {value=int32[]{3}}
  %y = Binary(%i, %step)
  return y=%y
})");
}

TEST(SinkConstants, LoopKeepsItsResult) {
  Graph g = parse_graph(kLoop);
  const std::vector<Tensor> inputs{Tensor::of<int32_t>(DType::kInt32, {}, {10})};
  const Tensor expected = interpret(g, inputs)[0];
  sink_constants(g, test_context());
  EXPECT_EQ(expected.int_at(0), 15);
  EXPECT_TRUE(identical(interpret(g, inputs)[0], expected));
}

TEST(SinkConstants, IntoBranches) {
  expect_pass(sink_constants, R"(graph(%p: bool[], %x: float32[2]) {
    %one = Const() {value=float32[]{1}}
    %y = If(%p, %x, %one, %x) {
      then={ graph(%x: float32[2], %c: float32[], %u: float32[2]) { %n = Binary(%x, %c) return n=%n } },
      else={ graph(%x: float32[2], %c: float32[], %u: float32[2]) { return x=%x } }}
    return y=%y
  })",
              R"(graph(%p: bool[], %x: float32[2]) {
    %y = If(%p, %x) {
      then={ graph(%x: float32[2]) {
        %c = Const() {value=float32[]{1}}
        %n = Binary(%x, %c)
        return n=%n } },
      else={ graph(%x: float32[2]) { return x=%x } }}
    return y=%y
  })");
}

// The constant reaches the inner loop through the outer one.
TEST(SinkConstants, ThroughSeveralLevels) {
  expect_pass(sink_constants, R"(graph(%x: float32[2], %p: bool[]) {
    %one = Const() {value=float32[]{1}}
    %y = If(%p, %x, %one) {
      then={ graph(%x: float32[2], %c: float32[]) {
        %a = Cast(%x) {dtype=float32}
        %b, %d = While(%a, %c) {
          cond={ graph(%x: float32[2], %c: float32[]) { %t = Const() {value=bool[]{false}} return t=%t } },
          body={ graph(%x: float32[2], %c: float32[]) { %n = Binary(%x, %c) return n=%n, c=%c } }}
        return b=%b } },
      else={ graph(%x: float32[2], %c: float32[]) { return x=%x } }}
    return y=%y
  })",
              R"(graph(%x: float32[2], %p: bool[]) {
    %y = If(%p, %x) {
      then={ graph(%x: float32[2]) {
        %a = Cast(%x) {dtype=float32}
        %b = While(%a) {
          cond={ graph(%x: float32[2]) { %t = Const() {value=bool[]{false}} return t=%t } },
          body={ graph(%x: float32[2]) { %c = Const() {value=float32[]{1}} %n = Binary(%x, %c) return n=%n } }}
        return b=%b } },
      else={ graph(%x: float32[2]) { return x=%x } }}
    return y=%y
  })");
}

}  // namespace
}  // namespace thaw
