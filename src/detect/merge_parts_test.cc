#include "detect/merge_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace thaw {
namespace {

constexpr PixelBox kPicture{0, 0, 1000, 500};
// Side by side, sharing x from 400 to 600.
constexpr PixelBox kLeft{0, 0, 600, 500};
constexpr PixelBox kRight{400, 0, 1000, 500};

// A box in pixels of the picture, cut off at the part's borders as a detector would see it.
Detection seen(const PixelBox& part, float top, float left, float bottom, float right, float score,
               int class_id = 1) {
  const auto width = static_cast<float>(part.width());
  const auto height = static_cast<float>(part.height());
  const auto inside = [](float edge, int from, int to) {
    return std::min(std::max(edge, static_cast<float>(from)), static_cast<float>(to)) -
           static_cast<float>(from);
  };
  Detection detection;
  detection.class_id = class_id;
  detection.label = std::to_string(class_id);
  detection.score = score;
  detection.box = {
      inside(top, part.top, part.bottom) / height, inside(left, part.left, part.right) / width,
      inside(bottom, part.top, part.bottom) / height, inside(right, part.left, part.right) / width};
  return detection;
}

std::vector<Detection> merged(const std::vector<PartDetections>& parts,
                              const PixelBox& area = kPicture) {
  return merge_parts(parts, area, 1000, 500);
}

void expect_box(const Detection& detection, float top, float left, float bottom, float right) {
  EXPECT_NEAR(detection.box[0], top / 500, 1e-5);
  EXPECT_NEAR(detection.box[1], left / 1000, 1e-5);
  EXPECT_NEAR(detection.box[2], bottom / 500, 1e-5);
  EXPECT_NEAR(detection.box[3], right / 1000, 1e-5);
}

TEST(MergeParts, OnePartThatIsThePictureStaysAsItIs) {
  std::vector<Detection> found{seen(kPicture, 10, 20, 30, 47, 0.6F),
                               seen(kPicture, 11, 21, 30, 47, 0.7F)};
  found[0].box[0] = 0.1234567F;
  const auto result = merged({{kPicture, found}});
  ASSERT_EQ(result.size(), 2U);
  EXPECT_EQ(result[0].box, found[0].box);
  EXPECT_EQ(result[1].score, 0.7F);
}

TEST(MergeParts, ARegionMapsToThePicture) {
  const PixelBox region{100, 50, 900, 250};
  const auto result = merged({{region, {seen(region, 60, 300, 100, 500, 0.9F)}}}, region);
  ASSERT_EQ(result.size(), 1U);
  expect_box(result[0], 60, 300, 100, 500);
}

TEST(MergeParts, IdenticalBoxesOfTwoPartsAreOne) {
  const auto result = merged({{kLeft, {seen(kLeft, 100, 450, 150, 500, 0.6F)}},
                              {kRight, {seen(kRight, 100, 450, 150, 500, 0.8F)}}});
  ASSERT_EQ(result.size(), 1U);
  EXPECT_EQ(result[0].score, 0.8F);
  expect_box(result[0], 100, 450, 150, 500);
}

TEST(MergeParts, ACutBoxGivesWayToTheCompleteOneOfLowerScore) {
  // The right tile sees 30 of 110 pixels of the first one and 30 of 50 of the second.
  for (float left : {320.0F, 380.0F}) {
    const auto result = merged({{kLeft, {seen(kLeft, 100, left, 150, 430, 0.6F)}},
                                {kRight, {seen(kRight, 100, left, 150, 430, 0.9F)}}});
    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].score, 0.9F);
    expect_box(result[0], 100, left, 150, 430);
  }
}

TEST(MergeParts, WhatScoresLittleChangesNoBox) {
  // A complete box and a second half, both hardly seen.
  const Detection cut = seen(kRight, 100, 300, 200, 900, 0.9F);
  const auto result = merged({{kLeft, {seen(kLeft, 100, 300, 200, 900, 0.02F)}},
                              {kRight, {cut}},
                              {kPicture, {seen(kPicture, 100, 300, 200, 950, 0.01F)}}});
  ASSERT_FALSE(result.empty());
  EXPECT_EQ(result[0].score, 0.9F);
  expect_box(result[0], 100, 400, 200, 900);
}

TEST(MergeParts, HalvesWiderThanTheOverlapAreJoined) {
  const auto result = merged({{kLeft, {seen(kLeft, 100, 300, 200, 900, 0.7F)}},
                              {kRight, {seen(kRight, 104, 300, 196, 900, 0.8F)}}});
  ASSERT_EQ(result.size(), 1U);
  EXPECT_EQ(result[0].score, 0.8F);
  expect_box(result[0], 100, 300, 200, 900);
}

TEST(MergeParts, TheWholePictureTakesBothHalvesIn) {
  const auto result = merged({{kPicture, {seen(kPicture, 100, 250, 200, 750, 0.55F)}},
                              {kLeft, {seen(kLeft, 100, 250, 200, 750, 0.7F)}},
                              {kRight, {seen(kRight, 100, 250, 200, 750, 0.9F)}}});
  ASSERT_EQ(result.size(), 1U);
  expect_box(result[0], 100, 250, 200, 750);
}

TEST(MergeParts, FourQuartersAndALongRowAreOneEach) {
  const PixelBox corners[] = {
      {0, 0, 600, 300}, {400, 0, 1000, 300}, {0, 200, 600, 500}, {400, 200, 1000, 500}};
  std::vector<PartDetections> parts;
  float score = 0.5F;
  for (const PixelBox& part : corners)
    parts.push_back({part, {seen(part, 50, 200, 450, 800, score += 0.1F)}});
  auto result = merged(parts);
  ASSERT_EQ(result.size(), 1U);
  expect_box(result[0], 50, 200, 450, 800);

  parts.clear();
  for (int left = 0; left <= 600; left += 200) {
    const PixelBox part{left, 0, left + 400, 500};
    parts.push_back({part, {seen(part, 100, 50, 200, 950, 0.6F)}});
  }
  result = merged(parts);
  ASSERT_EQ(result.size(), 1U);
  expect_box(result[0], 100, 50, 200, 950);
}

TEST(MergeParts, NeighboursAreNotMerged) {
  // Two lights at both borders of the strip, each whole in one tile and near the other's border.
  auto result = merged({{kLeft, {seen(kLeft, 100, 585, 130, 597, 0.7F)}},
                        {kRight, {seen(kRight, 100, 403, 130, 415, 0.8F)}}});
  EXPECT_EQ(result.size(), 2U);
  // Touching ones, one in each tile; and one below the other at a seam.
  result = merged({{kLeft, {seen(kLeft, 100, 480, 130, 490, 0.7F)}},
                   {kRight, {seen(kRight, 100, 490, 130, 500, 0.8F)}}});
  EXPECT_EQ(result.size(), 2U);
  result = merged({{kLeft, {seen(kLeft, 100, 350, 130, 700, 0.7F)}},
                   {kRight, {seen(kRight, 140, 350, 170, 700, 0.8F)}}});
  EXPECT_EQ(result.size(), 2U);
  // What one tile tells apart, and other classes.
  result = merged(
      {{kLeft, {seen(kLeft, 100, 450, 150, 500, 0.7F), seen(kLeft, 102, 452, 152, 502, 0.6F)}},
       {kRight, {seen(kRight, 100, 450, 150, 500, 0.8F, 2)}}});
  EXPECT_EQ(result.size(), 3U);
}

TEST(MergeParts, SmallBoxesInLargeOnesStay) {
  // A child before a bus, both seen whole.
  auto result = merged({{kLeft, {seen(kLeft, 100, 410, 300, 590, 0.7F)}},
                        {kRight, {seen(kRight, 150, 450, 220, 480, 0.8F)}}});
  EXPECT_EQ(result.size(), 2U);
  // A large box that is cut is not taken in by a small one that lies in it.
  result = merged({{kLeft, {seen(kLeft, 150, 450, 220, 480, 0.8F)}},
                   {kRight, {seen(kRight, 100, 350, 300, 590, 0.7F)}}});
  EXPECT_EQ(result.size(), 2U);
}

TEST(MergeParts, BordersOfTheAreaCutNothing) {
  const PixelBox area{0, 0, 1000, 250};
  const PixelBox left{0, 0, 600, 250};
  const PixelBox right{400, 0, 1000, 250};
  // Both touch the area's bottom; the small one lies in the large one.
  const auto result = merged({{left, {seen(left, 100, 410, 250, 590, 0.7F)}},
                              {right, {seen(right, 200, 450, 250, 480, 0.8F)}}},
                             area);
  EXPECT_EQ(result.size(), 2U);
}

TEST(MergeParts, ComeBestScoreFirst) {
  const auto result = merged(
      {{kLeft, {seen(kLeft, 10, 10, 30, 30, 0.5F), seen(kLeft, 50, 10, 70, 30, 0.4F)}},
       {kRight, {seen(kRight, 10, 900, 30, 930, 0.9F), seen(kRight, 90, 700, 99, 720, 0.5F)}}});
  ASSERT_EQ(result.size(), 4U);
  EXPECT_EQ(result[0].score, 0.9F);
  EXPECT_EQ(result[1].box[0], 10.0F / 500);  // of equal scores the earlier part's comes first
  EXPECT_EQ(result[3].score, 0.4F);
}

TEST(MergeParts, SurviveEmptyPartsAndBoxesWithoutArea) {
  EXPECT_TRUE(merged({{kLeft, {}}, {kRight, {}}}).empty());
  const auto result = merged({{kLeft, {seen(kLeft, 100, 500, 100, 500, 0.7F)}},
                              {kRight, {seen(kRight, 100, 500, 100, 500, 0.8F)}}});
  EXPECT_EQ(result.size(), 1U);
}

}  // namespace
}  // namespace thaw
