// What TensorFlow 2.17 makes of such pixels.
#include "media/png_grey.h"

#include <gtest/gtest.h>

namespace thaw {
namespace {

constexpr uint8_t kColour[] = {217, 163, 130};
constexpr uint8_t kGrey[] = {188, 188, 188};
constexpr uint16_t kWideColour[] = {55746, 41743, 33497};
constexpr uint16_t kDarkGrey[] = {5092, 5092, 5092};
constexpr uint16_t kWideGrey[] = {48135, 48135, 48135};

TEST(PngGrey, OfSamplesAsTheyAre) {
  EXPECT_EQ(PngGrey().of(kColour), 175);
  EXPECT_EQ(PngGrey(0, 16).of(kWideColour), 44989);
  EXPECT_EQ(PngGrey(100000).of(kColour), 175);
}

TEST(PngGrey, OfTheLightWhereTheFileSaysHowBrightSamplesAre) {
  EXPECT_EQ(PngGrey(PngGrey::kSrgbGamma).of(kColour), 178);
  EXPECT_EQ(PngGrey(22000).of(kColour), 183);
  EXPECT_EQ(PngGrey(22000).of(kGrey), 188);
  EXPECT_EQ(PngGrey(PngGrey::kSrgbGamma, 16).of(kWideColour), 45730);
  EXPECT_EQ(PngGrey(22000, 16).of(kWideColour), 47167);
  EXPECT_EQ(PngGrey(22000, 16).of(kWideGrey), 48135);
}

TEST(PngGrey, NarrowedSamplesAreRounded) {
  const PngGrey grey(PngGrey::kSrgbGamma, 16, true);
  EXPECT_EQ(grey.of(kWideColour) >> 8, 178);
  EXPECT_EQ(grey.of(kDarkGrey) >> 8, 20);
  EXPECT_EQ(grey.of(kWideGrey) >> 8, 187);
  EXPECT_EQ(PngGrey(0, 16, true).of(kDarkGrey) >> 8, 19);
}

}  // namespace
}  // namespace thaw
