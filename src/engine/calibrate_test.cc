#include "thaw/calibrate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/text.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The layer's result is its input.
Model identity_layer() {
  return Model::from_graph(parse_graph(R"(graph(%x: float32[1,1,1000,1]) {
    %w = Const() {value=float32[1,1,1,1]{all 1}}
    %y = Conv2D(%x, %w) "layer"
    return y=%y
  })"));
}

Tensor ramp(float low, float high) {
  Tensor t = Tensor::empty(DType::kFloat32, {1, 1, 1000, 1});
  for (int i = 0; i < 1000; ++i)
    t.data<float>()[i] = low + (high - low) * static_cast<float>(i) / 999;
  return t;
}

TEST(Calibrate, EvenValuesKeepTheirExtremes) {
  const auto ranges = calibrate(identity_layer(), {}, {{ramp(-1, 2)}, {ramp(0, 3)}}).ranges;
  ASSERT_EQ(ranges.count("layer"), 1U);
  EXPECT_NEAR(ranges.at("layer").low, -1, 0.02F);
  EXPECT_NEAR(ranges.at("layer").high, 3, 0.05F);
}

TEST(Calibrate, ALoneOutlierIsClipped) {
  std::vector<std::vector<Tensor>> batches(20, std::vector<Tensor>{ramp(0, 1)});
  batches.push_back({ramp(0, 1)});
  batches.back()[0].data<float>()[7] = 4;
  EXPECT_LT(calibrate(identity_layer(), {}, batches).ranges.at("layer").high, 3.9F);
}

TEST(Calibrate, BatchesFitTheModelAndEachOther) {
  const Model model = Model::from_graph(parse_graph(R"(graph(%x: float32[1,?,4,1]) {
    %w = Const() {value=float32[1,1,1,1]{all 1}}
    %y = Conv2D(%x, %w) "layer"
    return y=%y
  })"));
  const Tensor good = Tensor::of<float>(DType::kFloat32, {1, 2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(calibrate(model, {}, {{good}, {good}}).ranges.count("layer"), 1U);
  EXPECT_THROW(calibrate(model, {}, {{good}, {good, good}}), InputError);
  EXPECT_THROW(calibrate(model, {}, {{good}, {Tensor::zeros(DType::kUInt8, {1, 2, 4, 1})}}),
               InputError);
  EXPECT_THROW(calibrate(model, {}, {{Tensor::zeros(DType::kFloat32, {1, 2, 3, 1})}}), InputError);
  EXPECT_THROW(calibrate(model, {}, {{good}, {Tensor::zeros(DType::kFloat32, {1, 3, 4, 1})}}),
               InputError);
}

TEST(Calibrate, NotANumberIsLeftOut) {
  Tensor t = ramp(0, 1);
  t.data<float>()[0] = NAN;
  t.data<float>()[1] = INFINITY;
  EXPECT_NEAR(calibrate(identity_layer(), {}, {{t}}).ranges.at("layer").high, 1, 0.02F);
}

TEST(Calibrate, NoExamplesAreAnError) {
  EXPECT_THROW(calibrate(identity_layer(), {}, {}), UsageError);
}

ValueRange chosen(const std::string& method, const std::vector<std::vector<Tensor>>& batches) {
  CalibrateOptions how;
  how.method = method;
  return calibrate(identity_layer(), {}, batches, how).ranges.at("layer");
}

// Twenty ramps from 0 to 1, and one value of 4.
std::vector<std::vector<Tensor>> with_an_outlier() {
  std::vector<std::vector<Tensor>> batches;
  for (int i = 0; i < 20; ++i) batches.push_back({ramp(0, 1)});
  batches.back()[0].data<float>()[7] = 4;
  return batches;
}

TEST(Calibrate, EachMethodHasItsViewOfAnOutlier) {
  EXPECT_FLOAT_EQ(chosen("min-max", with_an_outlier()).high, 4);
  EXPECT_NEAR(chosen("percentile:99.9", with_an_outlier()).high, 1, 0.01F);
  EXPECT_FLOAT_EQ(chosen("percentile:100", with_an_outlier()).high, 4);
  EXPECT_NEAR(chosen("entropy", with_an_outlier()).high, 1, 0.2F);
  EXPECT_EQ(chosen("entropy", with_an_outlier()).method, "entropy");
}

TEST(Calibrate, PercentilesLeaveOutBothEnds) {
  const ValueRange range = chosen("percentile:90", {{ramp(-1, 1)}});
  EXPECT_NEAR(range.low, -0.8, 0.01);
  EXPECT_NEAR(range.high, 0.8, 0.01);
  EXPECT_FLOAT_EQ(chosen("percentile:60", {{ramp(0, 1)}}).low, 0);
}

TEST(Calibrate, UnknownMethodsAreErrors) {
  for (const char* name : {"best", "percentile", "percentile:", "percentile:50", "percentile:101",
                           "percentile:99x", "percentile:nan", "MSE"})
    EXPECT_THROW(check_calibration_method(name), UsageError) << name;
}

TEST(Calibrate, ProgressCountsBothPasses) {
  CalibrateOptions how;
  std::vector<size_t> told;
  how.progress = [&](size_t done, size_t total) {
    told.push_back(done);
    EXPECT_EQ(total, 4U);
  };
  calibrate(identity_layer(), {}, {{ramp(0, 1)}, {ramp(0, 2)}}, how);
  EXPECT_EQ(told, (std::vector<size_t>{0, 1, 2, 3}));
}

// Two channels, of which only a depthwise layer reads; what an ordinary layer reads has one range.
TEST(Calibrate, ChannelsOfDepthwiseInputsHaveRangesOfTheirOwn) {
  const Model model = Model::from_graph(parse_graph(R"(graph(%x: float32[1,1,500,2]) {
    %w = Const() {value=float32[1,1,2,2]{1,0,0,10}}
    %a = Conv2D(%x, %w) "first"
    %d = Const() {value=float32[1,1,2,1]{all 1}}
    %b = DepthwiseConv2D(%a, %d) "second"
    %c = Conv2D(%b, %w) "third"
    return y=%c
  })"));
  Tensor x = Tensor::empty(DType::kFloat32, {1, 1, 500, 2});
  for (int i = 0; i < 1000; ++i) x.data<float>()[i] = static_cast<float>(i) / 999;
  CalibrateOptions how;
  how.method = "min-max";
  how.per_channel = true;
  const Calibration calibration = calibrate(model, {}, {{x}}, how);
  const ValueRange& first = calibration.ranges.at("first");
  ASSERT_EQ(first.channels.size(), 2U);
  EXPECT_NEAR(first.high, 10, 1e-3F);
  EXPECT_NEAR(first.channels[0][1], 1, 2e-3F);
  EXPECT_NEAR(first.channels[1][1], 10, 1e-3F);
  EXPECT_TRUE(calibration.ranges.at("second").channels.empty());
}

}  // namespace
}  // namespace thaw
