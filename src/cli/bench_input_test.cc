#include "cli/bench_input.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

TensorInfo input(DType dtype, const Shape& shape) { return {"x", "x:0", dtype, shape, ""}; }

TEST(BenchInput, FillsWhatTheModelLeavesOpen) {
  const BenchInput made =
      make_bench_input({input(DType::kUInt8, {kUnknownDim, kUnknownDim, kUnknownDim, 3})}, {});
  EXPECT_EQ(made.batches[0][0].str(), "uint8[1,720,1280,3]");
  EXPECT_EQ(made.batch, 1);
  EXPECT_TRUE(made.made_up);
}

TEST(BenchInput, TakesBatchAndShape) {
  const TensorInfo open = input(DType::kFloat32, {kUnknownDim, 300, 300, 3});
  BenchInputOptions options;
  options.batch = 2;
  EXPECT_EQ(make_bench_input({open}, options).batches[0][0].str(), "float32[2,300,300,3]");
  options.shapes = {Shape{2, 300, 300, 3}};
  EXPECT_EQ(make_bench_input({open}, options).batch, 2);
  options.batch = 3;
  EXPECT_THROW(make_bench_input({open}, options), UsageError);
  options.batch = 0;
  options.shapes = {Shape{2, 200, 300, 3}};
  EXPECT_THROW(make_bench_input({open}, options), UsageError);
}

TEST(BenchInput, AsksForWhatItCanNotKnow) {
  EXPECT_THROW(make_bench_input({input(DType::kFloat32, Shape::unknown())}, {}), UsageError);
  EXPECT_THROW(make_bench_input({input(DType::kString, {1})}, {}), UsageError);
}

TEST(Resized, KeepsConstantsAndAveragesInBetween) {
  const Picture picture{2, 1, {0, 10, 20, 100, 110, 120}};
  const Picture wide = resized(picture, 4, 2);
  EXPECT_EQ(wide.width, 4);
  EXPECT_EQ(wide.height, 2);
  const std::vector<uint8_t> row = {0, 10, 20, 25, 35, 45, 75, 85, 95, 100, 110, 120};
  EXPECT_TRUE(std::equal(row.begin(), row.end(), wide.rgb.begin()));
  EXPECT_TRUE(std::equal(row.begin(), row.end(), wide.rgb.begin() + 12));
}

}  // namespace
}  // namespace thaw::cli
