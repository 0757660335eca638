#include "detect/annotate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "media/stroke_font.h"
#include "thaw/detector.h"

namespace thaw {
namespace {

Picture grey_picture(int width, int height) {
  Picture picture;
  picture.width = width;
  picture.height = height;
  picture.rgb.assign(static_cast<size_t>(width) * static_cast<size_t>(height) * 3, 128);
  return picture;
}

bool is_colour(const Picture& picture, int x, int y, Colour colour) {
  const uint8_t* p = picture.rgb.data() + (static_cast<ptrdiff_t>(y) * picture.width + x) * 3;
  return p[0] == colour.r && p[1] == colour.g && p[2] == colour.b;
}

int count_colour(const Picture& picture, Colour colour) {
  int count = 0;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) count += is_colour(picture, x, y, colour) ? 1 : 0;
  return count;
}

TEST(Annotate, DrawsTheBoxAndLeavesItsInside) {
  const Picture out =
      annotate(grey_picture(400, 300), {{3, "cat", 0.9F, {0.25F, 0.25F, 0.75F, 0.75F}}});
  const Colour colour = class_colour(3);
  for (const auto& [x, y] : {std::pair{100, 75}, {299, 75}, {100, 224}, {299, 224}, {101, 150}})
    EXPECT_TRUE(is_colour(out, x, y, colour)) << x << "," << y;
  EXPECT_TRUE(is_colour(out, 200, 150, {128, 128, 128}));
  EXPECT_TRUE(is_colour(out, 20, 20, {128, 128, 128}));
}

TEST(Annotate, LabelsStayInThePicture) {
  const Colour colour = class_colour(1);
  // Its text does not depend on where the box lies, nor does what can be seen of it.
  std::set<int> dark_pixels;
  for (const std::array<float, 4>& box : {std::array<float, 4>{0, 0, 0.02F, 0.02F},
                                          {0, 0.98F, 0.02F, 1},
                                          {0.98F, 0, 1, 0.02F},
                                          {0.98F, 0.98F, 1, 1}}) {
    const Picture out = annotate(grey_picture(400, 300), {{1, "person", 0.5F, box}});
    EXPECT_GT(count_colour(out, colour), 200);
    dark_pixels.insert(count_colour(out, text_colour_on(colour)));
  }
  EXPECT_EQ(dark_pixels.size(), 1U);
  EXPECT_GT(*dark_pixels.begin(), 10);
}

TEST(Annotate, LabelsOfBoxesAtOnePlaceAreAllReadable) {
  std::vector<Detection> detections;
  for (int id : {1, 2, 3, 4})
    detections.push_back({id, "same place", 0.5F, {0.4F, 0.4F, 0.6F, 0.6F}});
  const Picture out = annotate(grey_picture(600, 400), detections);
  for (const Detection& detection : detections)
    EXPECT_GT(count_colour(out, class_colour(detection.class_id)), 300) << detection.class_id;
}

TEST(Annotate, SurvivesAnyBoxAndSize) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kHuge = 1e30F;
  const std::vector<Detection> odd = {{1, "outside", 0.5F, {-5, -5, -4, -4}},
                                      {2, "inverted", 0.5F, {0.9F, 0.9F, 0.1F, 0.1F}},
                                      {3, "nan", kNan, {0, 0, 1, 1}},
                                      {4, "nan", 0.5F, {kNan, 0, 1, 1}},
                                      {-5, "huge", kHuge, {-kHuge, -kHuge, kHuge, kHuge}},
                                      {6, std::string(5000, 'w'), 0.5F, {0.5F, 0.5F, 0.5F, 0.5F}},
                                      {7, "\xFF\xF0 caf\xC3\xA9", 0.5F, {1, 1, 1, 1}}};
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 50}, {50, 1}, {30, 20}, {500, 300}})
    EXPECT_EQ(annotate(grey_picture(width, height), odd).rgb.size(),
              static_cast<size_t>(width * height * 3));
  EXPECT_TRUE(annotate(Picture(), odd).rgb.empty());
}

TEST(Annotate, NeighbouringClassesDiffer) {
  for (int id = 0; id < 200; ++id) {
    const Colour a = class_colour(id);
    for (int other = id + 1; other < id + 8; ++other) {
      const Colour b = class_colour(other);
      EXPECT_GT(std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b), 40)
          << id << " and " << other;
    }
  }
}

TEST(StrokeFont, HasAllOfAscii) {
  for (char c = '!'; c <= '~'; ++c) {
    const Glyph& glyph = glyph_of(c);
    EXPECT_FALSE(glyph.strokes.empty()) << c;
    for (const auto& stroke : glyph.strokes) {
      EXPECT_GE(stroke.size(), 2U) << c;
      for (const Point& p : stroke) {
        EXPECT_GE(p.x, -0.7F) << c;
        EXPECT_LE(p.x, glyph.width + 0.7F) << c;
        EXPECT_GE(p.y, -2) << c;
        EXPECT_LE(p.y, kFontDepth + 0.1F) << c;
      }
    }
  }
}

TEST(StrokeFont, TakesWhatItHasOfUtf8) {
  EXPECT_EQ(to_font_characters("caf\xC3\xA9 stra\xC3\x9F"
                               "e \xC5\xBD \xE2\x82\xAC\t!"),
            "cafe strase Z ? !");
  EXPECT_EQ(to_font_characters("\xFF\x80"), "??");
}

}  // namespace
}  // namespace thaw
