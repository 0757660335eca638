#include "thaw/sensitivity.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The middle layer's input is bounded; what the last one reads a calibration knows or not.
Model network() {
  return Model::from_graph(parse_graph(R"(graph(%x: float32[1,4,4,5]) {
    %w = Const() {value=float32[1,1,5,5]{all 0.25}}
    %a = Conv2D(%x, %w) {activation=Relu6} "first"
    %d = Const() {value=float32[3,3,5,1]{all 0.5}}
    %b = DepthwiseConv2D(%a, %d) {padding=SAME} "middle"
    %c = Conv2D(%b, %w) "last"
    %s = Unary(%c) {kind=Sigmoid}
    return s=%s
  })"));
}

std::vector<std::vector<Tensor>> batches() {
  Tensor x = Tensor::empty(DType::kFloat32, {1, 4, 4, 5});
  for (int64_t i = 0; i < x.num_elements(); ++i)
    x.data<float>()[i] = static_cast<float>(i * 37 % 101) / 50;
  return {{x}, {x.clone()}};
}

EngineOptions options(Precision precision, const Calibration& calibration = {}) {
  EngineOptions options;
  options.precision = precision;
  options.calibration = std::make_shared<const Calibration>(calibration);
  return options;
}

TEST(Sensitivity, LayersWithoutARangeAreNotThere) {
  const std::vector<LayerLoss> losses =
      measure_sensitivity(network(), options(Precision::kInt8), batches());
  ASSERT_EQ(losses.size(), 1U);
  EXPECT_EQ(losses[0].layer, "middle");
  EXPECT_GT(losses[0].signal_to_noise, 30);
  EXPECT_LT(losses[0].signal_to_noise, 80);
  EXPECT_FALSE(losses[0].ap);
}

TEST(Sensitivity, TheWorstComesFirst) {
  Calibration calibration;
  calibration.ranges["middle"] = {0, 1000, "", {}};  // far too wide
  std::vector<size_t> told;
  const std::vector<LayerLoss> losses =
      measure_sensitivity(network(), options(Precision::kInt8, calibration), batches(),
                          [&](const std::string&, size_t done, size_t total) {
                            told.push_back(done);
                            EXPECT_EQ(total, 3U);
                          });
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[0].layer, "last");
  EXPECT_LT(losses[0].signal_to_noise + 10, losses[1].signal_to_noise);
  EXPECT_EQ(told, (std::vector<size_t>{0, 1, 2}));
  const EngineOptions kept = with_wide_layers(options(Precision::kInt8, calibration), {"last"});
  EXPECT_EQ(measure_sensitivity(network(), kept, batches()).size(), 1U);
  EXPECT_EQ(kept.calibration->ranges.size(), 1U);
}

TEST(Sensitivity, SixteenBitsLoseLess) {
  const std::vector<LayerLoss> losses =
      measure_sensitivity(network(), options(Precision::kFloat16), batches());
  ASSERT_EQ(losses.size(), 3U);
  EXPECT_GT(losses[0].signal_to_noise, 55);
}

TEST(Sensitivity, WhatCanNotBeMeasuredIsAnError) {
  EXPECT_THROW(measure_sensitivity(network(), options(Precision::kFloat32), batches()), UsageError);
  EXPECT_THROW(measure_sensitivity(network(), options(Precision::kInt8), {}), UsageError);
}

}  // namespace
}  // namespace thaw
