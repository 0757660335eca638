#include "thaw/tensor.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw {
namespace {

TEST(Shape, PrintsWhatIsKnown) {
  EXPECT_EQ(Shape({1, kUnknownDim, 3}).str(), "[1,?,3]");
  EXPECT_EQ(Shape().str(), "[]");
  EXPECT_EQ(Shape::unknown().str(), "?");
}

TEST(Shape, RefusesAnOverflowingProduct) {
  const int64_t big = int64_t{1} << 32;
  EXPECT_THROW(Shape({big, big}).num_elements(), InputError);
  EXPECT_THROW(Shape({big, big, 0}).num_elements(), InputError) << "no kernel should multiply them";
  EXPECT_EQ(Shape({big, 0, 1 << 10}).num_elements(), 0);
}

TEST(Shape, RefusesMoreThanEightDimensions) {
  EXPECT_THROW(Shape(std::vector<int64_t>(9, 1)), InputError);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor a = Tensor::of<float>(DType::kFloat32, {2}, {1, 2});
  Tensor b = a;
  Tensor c = a.clone();
  b.data<float>()[0] = 7;
  EXPECT_EQ(a.data<float>()[0], 7);
  EXPECT_EQ(c.data<float>()[0], 1);
  EXPECT_FALSE(identical(a, c));
}

TEST(Tensor, RefusesWhatCannotBeAllocated) {
  EXPECT_THROW(Tensor::empty(DType::kFloat32, {int64_t{1} << 40, int64_t{1} << 20}), Error);
}

}  // namespace
}  // namespace thaw
