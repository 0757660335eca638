#include "kernels/evaluate.h"

#include <gtest/gtest.h>

#include <limits>

#include "kernels/kernel.h"
#include "thaw/error.h"

namespace thaw {
namespace {

Tensor floats(const Shape& shape, const std::vector<float>& v) {
  return Tensor::of<float>(DType::kFloat32, shape, v);
}

Tensor ints(const std::vector<int32_t>& v) {
  return Tensor::of<int32_t>(DType::kInt32, {static_cast<int64_t>(v.size())}, v);
}

Tensor scalar(int32_t v) { return Tensor::of<int32_t>(DType::kInt32, {}, {v}); }

TEST(Evaluate, AddsWithBroadcasting) {
  const Tensor out = evaluate(Binary{}, {floats({2, 1}, {1, 2}), floats({2}, {10, 20})}).at(0);
  EXPECT_TRUE(identical(out, floats({2, 2}, {11, 21, 12, 22})));
}

TEST(Evaluate, TransposesStringsToo) {
  const Tensor words = Tensor::of<std::string>(DType::kString, {1, 2}, {"a", "b"});
  const Tensor out = evaluate(Transpose{}, {words, ints({1, 0})}).at(0);
  EXPECT_TRUE(identical(out, words.reshaped({2, 1})));
}

TEST(Evaluate, WalksBackwardsThroughAStridedSlice) {
  StridedSlice op;
  op.begin_mask = op.end_mask = 1;
  const Tensor out =
      evaluate(op, {floats({4}, {0, 1, 2, 3}), ints({0}), ints({0}), ints({-2})}).at(0);
  EXPECT_TRUE(identical(out, floats({2}, {3, 1})));
}

TEST(Evaluate, CountsTheOutputsOfASplit) {
  EXPECT_EQ(count_outputs(SplitV{}, {floats({4}, {}), ints({1, 3}), scalar(0)}), 2U);
  const auto parts = evaluate(SplitV{}, {floats({4}, {0, 1, 2, 3}), ints({1, -1}), scalar(0)});
  EXPECT_TRUE(identical(parts.at(1), floats({3}, {1, 2, 3})));
}

TEST(Evaluate, CastsWhatDoesNotFitAsX86Does) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor out = evaluate(Cast{DType::kInt32}, {floats({3}, {inf, -3.7F, 3e9F})}).at(0);
  const int32_t lowest = std::numeric_limits<int32_t>::min();
  EXPECT_TRUE(identical(out, ints({lowest, -3, lowest})));
}

TEST(Evaluate, RefusesWhatTensorFlowRefuses) {
  Binary division;
  division.kind = BinaryKind::kFloorDiv;
  EXPECT_THROW(evaluate(division, {scalar(1), scalar(0)}), InputError);
  EXPECT_THROW(evaluate(Gather{}, {floats({2}, {1, 2}), ints({2}), scalar(0)}), InputError);
  EXPECT_THROW(evaluate(While{}, {}), InputError);
  const int32_t most = std::numeric_limits<int32_t>::max();
  EXPECT_THROW(evaluate(Fill{}, {ints({most, most, most}), scalar(0)}), Error);
}

}  // namespace
}  // namespace thaw
