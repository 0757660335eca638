#include "passes/batch_branches.h"

#include <gtest/gtest.h>

#include "passes/pass_test_util.h"

namespace thaw {
namespace {

TEST(BatchBranches, AlikeOverABatch) {
  expect_pass(batch_branches, R"(graph(%x: float32[2,3], %w: float32[3]) {
    %a, %b = Unpack(%x) {count=2}
    %p = Binary(%a, %w) {kind=Mul}
    %q = Binary(%b, %w) {kind=Mul}
    %y = Pack(%p, %q)
    return y=%y
  })",
              R"(graph(%x: float32[2,3], %w: float32[3]) {
    %y = Binary(%x, %w) {kind=Mul}
    return y=%y
  })");
}

TEST(BatchBranches, NotInAnotherOrder) {
  expect_unchanged(batch_branches, R"(graph(%x: float32[2,3]) {
    %a, %b = Unpack(%x) {count=2}
    %p = Unary(%a) {kind=Relu}
    %q = Unary(%b) {kind=Relu}
    %y = Pack(%q, %p)
    return y=%y
  })");
}

TEST(BatchBranches, NotUnlike) {
  expect_unchanged(batch_branches, R"(graph(%x: float32[2,3]) {
    %a, %b = Unpack(%x) {count=2}
    %p = Unary(%a) {kind=Relu}
    %q = Unary(%b) {kind=Relu6}
    %y = Pack(%p, %q)
    return y=%y
  })");
}

}  // namespace
}  // namespace thaw
