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

TEST(Evaluate, ReshapesNothing) {
  const Tensor none = floats({0, 7}, {});
  EXPECT_EQ(evaluate(Reshape{}, {none, ints({0, -1})}).at(0).shape(), (Shape{0, 7}));
  EXPECT_EQ(evaluate(Reshape{}, {none, ints({0, 3, -1})}).at(0).shape(), (Shape{0, 3, 2}));
  EXPECT_EQ(evaluate(Reshape{}, {none, ints({-1, 5})}).at(0).shape(), (Shape{0, 5}));
  EXPECT_THROW(evaluate(Reshape{}, {floats({1}, {1}), ints({0, -1})}), InputError);
  EXPECT_THROW(evaluate(Reshape{}, {none, ints({-1, -1})}), InputError);
}

TEST(Evaluate, WindowsLargerThanTheirInputGiveNothing) {
  const Tensor x = floats({1, 2, 2, 1}, {1, 2, 3, 4});
  Conv2D conv;
  EXPECT_EQ(evaluate(conv, {x, floats({3, 1, 1, 1}, {1, 1, 1})}).at(0).shape(),
            (Shape{1, 0, 2, 1}));
  EXPECT_THROW(evaluate(conv, {x, Tensor::zeros(DType::kFloat32, {4, 1, 1, 1})}), InputError);
  Pool pool;
  pool.window = {5, 1};
  pool.strides = {2, 2};
  EXPECT_EQ(evaluate(pool, {x}).at(0).shape(), (Shape{1, 0, 1, 1}));
  pool.window = {6, 1};
  EXPECT_THROW(evaluate(pool, {x}), InputError);
}

TEST(Evaluate, GrowsLists) {
  const Tensor empty = evaluate(ListReserve{DType::kFloat32, {}}, {scalar(0)}).at(0);
  const Tensor seven = floats({}, {7});
  EXPECT_THROW(evaluate(ListSet{}, {empty, scalar(0), seven}), InputError);
  const Tensor grown = evaluate(ListSet{true}, {empty, scalar(2), seven}).at(0);
  EXPECT_TRUE(
      identical(evaluate(ListStack{DType::kFloat32, {}}, {grown}).at(0), floats({3}, {0, 0, 7})));
  const Tensor cut = evaluate(ListResize{}, {grown, scalar(1)}).at(0);
  EXPECT_EQ(evaluate(ListLength{}, {cut}).at(0).int_at(0), 1);
  EXPECT_EQ(evaluate(ListLength{}, {grown}).at(0).int_at(0), 3);
  EXPECT_THROW(evaluate(ListSet{true}, {empty, scalar(-1), seven}), InputError);
  const int32_t most = std::numeric_limits<int32_t>::max();
  EXPECT_THROW(evaluate(ListSet{true}, {empty, scalar(most), seven}), InputError);
  EXPECT_THROW(evaluate(ListResize{}, {empty, scalar(most)}), InputError);
}

TEST(Evaluate, UnwrittenElementsHaveTheShapeOfWrittenOnes) {
  const Tensor list = evaluate(ListReserve{DType::kFloat32, Shape::unknown()}, {scalar(2)}).at(0);
  const ListGet get{DType::kFloat32, Shape::unknown()};
  EXPECT_THROW(evaluate(get, {list, scalar(0)}), InputError);
  const Tensor written = evaluate(ListSet{}, {list, scalar(1), floats({2}, {1, 2})}).at(0);
  EXPECT_TRUE(identical(evaluate(get, {written, scalar(0)}).at(0), floats({2}, {0, 0})));
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
