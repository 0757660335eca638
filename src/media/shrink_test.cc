#include "media/shrink.h"

#include <gtest/gtest.h>

#include "media/test_pictures.h"

namespace thaw {
namespace {

TEST(Shrink, SameSizeIsACopyOfThePart) {
  const Picture picture = test_picture(40, 30);
  EXPECT_EQ(shrunk(picture, {0, 0, 40, 30}, 40, 30).rgb, picture.rgb);
  const Picture part = shrunk(picture, {5, 7, 25, 17}, 20, 10);
  for (size_t y = 0; y < 10; ++y)
    for (size_t i = 0; i < 60; ++i)
      ASSERT_EQ(part.rgb[y * 60 + i], picture.rgb[((y + 7) * 40 + 5) * 3 + i]);
}

TEST(Shrink, HalvesAreMeansOfFour) {
  const Picture picture{
      4, 2, {0, 0, 0, 10, 0, 0, 100, 1, 2, 100, 1, 2, 20, 0, 0, 30, 0, 0, 200, 1, 2, 200, 1, 2}};
  EXPECT_EQ(shrunk(picture, {0, 0, 4, 2}, 2, 1).rgb, (std::vector<uint8_t>{15, 0, 0, 150, 1, 2}));
}

TEST(Shrink, FractionsWeighByArea) {
  const Picture picture{3, 1, {30, 30, 30, 60, 60, 60, 90, 90, 90}};
  // Each of two pixels covers one and a half.
  EXPECT_EQ(shrunk(picture, {0, 0, 3, 1}, 2, 1).rgb,
            (std::vector<uint8_t>{40, 40, 40, 80, 80, 80}));
}

TEST(Shrink, MoreThanThereIsRepeats) {
  const Picture picture{1, 1, {1, 2, 3}};
  EXPECT_EQ(shrunk(picture, {0, 0, 1, 1}, 2, 1).rgb, (std::vector<uint8_t>{1, 2, 3, 1, 2, 3}));
}

}  // namespace
}  // namespace thaw
