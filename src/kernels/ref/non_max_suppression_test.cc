// What TensorFlow 2.17 gives on the same inputs.
#include "kernels/ref/non_max_suppression.h"

#include <gtest/gtest.h>

#include <limits>

namespace thaw {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
using Ints = std::vector<int32_t>;

// Equal, inverted, shifted, NaN, far, empty and endless boxes.
const float kBoxes[11][4] = {{0, 0, 1, 1},      {0, 0, 1, 1},        {1, 1, 0, 0},
                             {0, .1F, 1, 1.1F}, {kNan, 0, 1, 1},     {0, 0, kNan, 1},
                             {5, 5, 6, 6},      {5, 5, 5, 6},        {-kInf, 0, kInf, 1},
                             {0, 10, 1, 11},    {0, 10.4F, 1, 11.4F}};

ref::NmsResult run(const std::vector<float>& scores, const ref::NmsLimits& limits) {
  return ref::greedy_nms(kBoxes[0], scores.data(), static_cast<int64_t>(scores.size()), limits);
}

TEST(GreedyNms, TiesAndNanBoxesGoAsInTensorFlow) {
  const auto r = run({.5F, .5F, .5F, .9F, .8F, .7F, .6F, .6F, .3F, kNan, .2F}, {11, .5F, 0, 0});
  EXPECT_EQ(r.indices, (Ints{3, 5, 6, 7, 8, 10}));
  const auto s = run({.5F, .5F, .5F, .4F, .8F, .9F, .6F, .6F, .99F, .1F, .2F}, {11, .5F, 0, 0});
  EXPECT_EQ(s.indices, (Ints{8, 5, 6, 7, 0, 10, 9}));
}

TEST(GreedyNms, SoftNmsLowersWhatOverlapsALot) {
  const std::vector<float> scores{.9F, .8F, .1F, .1F, .1F, .1F, .6F};
  const auto r = run(scores, {3, .5F, .2F, 2});
  EXPECT_EQ(r.indices, (Ints{0, 1, 6}));
  EXPECT_FLOAT_EQ(r.scores[1], .6230406F);
}

TEST(GreedyNms, NanOverlapZeroesTheScore) {
  const std::vector<float> scores{.5F, .5F, .5F, .4F, .8F, .9F, .6F, .6F, .0F, .1F, -.2F};
  const auto r = run(scores, {11, .5F, -.5F, 0});
  EXPECT_EQ(r.indices, (Ints{5, 4, 7, 0, 6, 8, 9, 10}));
  EXPECT_EQ(r.scores, (std::vector<float>{.9F, .8F, .6F, 0, 0, 0, 0, -0.0F}));
  EXPECT_EQ(run(scores, {11, .5F, std::numeric_limits<float>::lowest(), 0}).indices, r.indices);
}

TEST(GreedyNms, SoftAsInTensorFlow) {
  const std::vector<float> scores{.5F, .5F, .5F, .4F, .8F, .9F, .6F, .6F, .0F, .1F, .2F};
  EXPECT_EQ(run(scores, {11, .5F, 0, .5F}).indices, (Ints{5, 4, 7}));
}

TEST(GreedyNms, EndlessScores) {
  std::vector<float> scores(11, kInf);
  for (size_t i = 0; i < 5; ++i) scores[i] = -kInf;
  EXPECT_EQ(run(scores, {11, 1, 0, 0}).indices, (Ints{5, 6, 7, 8, 9, 10}));
  EXPECT_TRUE(run(scores, {0, 1, 0, 0}).indices.empty());
}

}  // namespace
}  // namespace thaw
