#include "detect/plan_tiles.h"

#include <gtest/gtest.h>

#include <limits>

#include "thaw/error.h"

namespace thaw {
namespace {

TileOptions grid(int rows, int columns, float overlap) {
  TileOptions options;
  options.rows = rows;
  options.columns = columns;
  options.overlap = overlap;
  return options;
}

bool equal(const PixelBox& a, const PixelBox& b) {
  return a.left == b.left && a.top == b.top && a.right == b.right && a.bottom == b.bottom;
}

// What plan_tiles promises, for one row of tiles along x.
void expect_a_good_row(const PixelBox& area, int columns, float overlap) {
  const auto tiles = plan_tiles(area, grid(1, columns, overlap));
  ASSERT_EQ(tiles.size(), static_cast<size_t>(columns));
  EXPECT_EQ(tiles.front().left, area.left);
  EXPECT_EQ(tiles.back().right, area.right);
  for (size_t i = 0; i < tiles.size(); ++i) {
    EXPECT_EQ(tiles[i].width(), tiles[0].width());
    EXPECT_EQ(tiles[i].top, area.top);
    EXPECT_EQ(tiles[i].bottom, area.bottom);
    if (i == 0) continue;
    const double shared = tiles[i - 1].right - tiles[i].left;
    EXPECT_GE(shared, static_cast<double>(overlap) * tiles[0].width() - 1.5);
    EXPECT_GT(tiles[i].left, tiles[i - 1].left);
  }
}

TEST(PlanTiles, OneTileIsTheArea) {
  const PixelBox area{10, 20, 650, 380};
  const auto tiles = plan_tiles(area, grid(1, 1, 0.2F));
  ASSERT_EQ(tiles.size(), 1U);
  EXPECT_TRUE(equal(tiles[0], area));
}

TEST(PlanTiles, FollowTheOverlapExactlyWhereItFits) {
  // Three tiles of 100 that share 20 with each neighbour: 260.
  const auto tiles = plan_tiles({0, 0, 260, 180}, grid(2, 3, 0.2F));
  ASSERT_EQ(tiles.size(), 6U);
  EXPECT_TRUE(equal(tiles[0], {0, 0, 100, 100}));
  EXPECT_TRUE(equal(tiles[1], {80, 0, 180, 100}));
  EXPECT_TRUE(equal(tiles[5], {160, 80, 260, 180}));
}

TEST(PlanTiles, CoverOddSizesWithTilesOfOneSize) {
  for (int width : {97, 640, 641, 1279, 1920})
    for (int columns : {1, 2, 3, 5, 7})
      for (float overlap : {0.0F, 0.1F, 0.2F, 0.33F, 0.5F, 0.9F})
        expect_a_good_row({3, 1, 3 + width, 50}, columns, overlap);
}

TEST(PlanTiles, AreNeverMoreThanThePixels) {
  const auto tiles = plan_tiles({0, 0, 3, 2}, grid(4, 8, 0.2F));
  EXPECT_EQ(tiles.size(), 6U);
  for (const PixelBox& tile : tiles) EXPECT_EQ(tile.width() * tile.height(), 1);
}

TEST(PlanTiles, RefuseOptionsOutOfRange) {
  const PixelBox area{0, 0, 100, 100};
  EXPECT_THROW(plan_tiles(area, grid(0, 1, 0.2F)), UsageError);
  EXPECT_THROW(plan_tiles(area, grid(1, -3, 0.2F)), UsageError);
  EXPECT_THROW(plan_tiles(area, grid(17, 17, 0.2F)), UsageError);
  EXPECT_THROW(plan_tiles(area, grid(65536, 65536, 0.2F)), UsageError);
  EXPECT_THROW(plan_tiles(area, grid(2, 2, -0.1F)), UsageError);
  EXPECT_THROW(plan_tiles(area, grid(2, 2, 0.95F)), UsageError);
  EXPECT_THROW(plan_tiles(area, grid(2, 2, std::numeric_limits<float>::quiet_NaN())), UsageError);
}

TEST(RegionPixels, ReachOutwardsToWholePixels) {
  EXPECT_TRUE(equal(region_pixels({0, 0, 1, 1}, 641, 359), {0, 0, 641, 359}));
  EXPECT_TRUE(equal(region_pixels({0.25F, 0.11F, 0.5F, 0.19F}, 100, 10), {11, 2, 19, 5}));
  EXPECT_TRUE(equal(region_pixels({0.1F, 0.3F, 0.7F, 0.9F}, 10, 10), {3, 1, 9, 7}));
  EXPECT_TRUE(equal(region_pixels({0.99F, 0.5F, 1, 0.5001F}, 10, 10), {5, 9, 6, 10}));
}

TEST(RegionPixels, RefuseWhatIsNoRegion) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  using Region = std::array<float, 4>;
  for (const Region& region :
       {Region{0.5F, 0, 0.5F, 1}, Region{0, 0.6F, 1, 0.5F}, Region{-0.1F, 0, 1, 1},
        Region{0, 0, 1, 1.01F}, Region{0, nan, 1, 1}})
    EXPECT_THROW(region_pixels(region, 100, 100), UsageError);
}

TEST(Crop, TakesTheRightPixels) {
  Picture picture{4, 3, {}};
  for (int i = 0; i < 36; ++i) picture.rgb.push_back(static_cast<uint8_t>(i));
  const Picture part = crop(picture, {1, 1, 3, 3});
  EXPECT_EQ(part.width, 2);
  EXPECT_EQ(part.height, 2);
  EXPECT_EQ(part.rgb, (std::vector<uint8_t>{15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32}));
}

}  // namespace
}  // namespace thaw
