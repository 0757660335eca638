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

TEST(Calibrate, NotANumberIsLeftOut) {
  Tensor t = ramp(0, 1);
  t.data<float>()[0] = NAN;
  t.data<float>()[1] = INFINITY;
  EXPECT_NEAR(calibrate(identity_layer(), {}, {{t}}).ranges.at("layer").high, 1, 0.02F);
}

TEST(Calibrate, NoExamplesAreAnError) {
  EXPECT_THROW(calibrate(identity_layer(), {}, {}), UsageError);
}

}  // namespace
}  // namespace thaw
