#include "media/gif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/image.h"
#include "media/test_pictures.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Codes of 3 bits with a clear code before every two pixels, so that the width never grows.
std::string plain_lzw(const std::vector<int>& indices) {
  std::string out;
  uint32_t held = 0;
  int count = 0;
  const auto put = [&](uint32_t code) {
    held |= code << count;
    count += 3;
    for (; count >= 8; count -= 8, held >>= 8) out += static_cast<char>(held);
  };
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i % 2 == 0) put(4);
    put(static_cast<uint32_t>(indices[i]));
  }
  put(5);
  out += static_cast<char>(held);
  return bytes_of({2, static_cast<int>(out.size())}) + out + '\0';
}

// A header with four colours: black, (10,20,30), (40,50,60), (70,80,90).
std::string head(int width, int height) {
  return "GIF89a" +
         bytes_of({width, 0, height, 0, 0x81, 0, 0, 0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90});
}

std::string frame(int left, int top, int width, int height, const std::vector<int>& indices,
                  int flags = 0) {
  return bytes_of({0x2C, left, 0, top, 0, width, 0, height, 0, flags}) + plain_lzw(indices);
}

std::vector<int> samples(const std::string& bytes, int max_frames = 100) {
  const Raster raster = decode_gif(bytes, "a.gif", max_frames);
  return {raster.samples.begin(), raster.samples.end()};
}

std::string error_of(const std::string& bytes) {
  try {
    decode_gif(bytes, "a.gif");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Gif, CanvasIsTheScreenOrTheLargestFrame) {
  const std::string file = head(5, 4) + frame(1, 0, 1, 2, {1, 2}) + frame(0, 0, 2, 1, {3, 1}) + ";";
  EXPECT_EQ(decode_gif(file, "a.gif").width, 5);
  const Raster raster = decode_gif(file, "a.gif", 1, {}, GifCanvas::kLargestFrame);
  EXPECT_EQ(raster.width, 2);
  EXPECT_EQ(raster.height, 2);
  EXPECT_THAT(raster.samples, ElementsAre(0, 0, 0, 10, 20, 30, 0, 0, 0, 40, 50, 60));
}

TEST(Gif, ComposesFrames) {
  // The second frame covers the right pixel; the third is transparent there.
  const std::string bytes = head(2, 1) + frame(0, 0, 2, 1, {1, 2}) + frame(1, 0, 1, 1, {3}) +
                            bytes_of({0x21, 0xF9, 4, 1, 0, 0, 2, 0}) + frame(0, 0, 2, 1, {1, 2}) +
                            ";";
  EXPECT_THAT(samples(bytes), ElementsAre(10, 20, 30, 40, 50, 60,  //
                                          10, 20, 30, 70, 80, 90,  //
                                          10, 20, 30, 70, 80, 90));
  EXPECT_EQ(samples(bytes, 1).size(), 6U);
  const Picture first = decode_image(bytes, "a.gif");
  EXPECT_EQ(first.width, 2);
  EXPECT_EQ(first.rgb[3], 40);
}

TEST(Gif, OpenCanvasIsBlack) {
  EXPECT_THAT(samples(head(2, 1) + frame(1, 0, 1, 1, {3}) + ";"), ElementsAre(0, 0, 0, 70, 80, 90));
}

TEST(Gif, ReordersInterlacedRows) {
  // Rows are stored in the order 0, 4, 2, 1, 3.
  const auto rows = samples(head(1, 5) + frame(0, 0, 1, 5, {0, 1, 2, 3, 1}, 0x40) + ";");
  EXPECT_EQ(rows[3], 70);
  EXPECT_EQ(rows[6], 40);
  EXPECT_EQ(rows[9], 10);
  EXPECT_EQ(rows[12], 10);
}

TEST(Gif, FramesBeyondTheCanvasAreCropped) {
  EXPECT_THAT(samples(head(1, 1) + frame(0, 0, 2, 2, {1, 2, 3, 0}) + ";"), ElementsAre(10, 20, 30));
  EXPECT_THAT(samples(head(1, 1) + frame(9, 9, 1, 1, {1}) + ";"), ElementsAre(0, 0, 0));
}

TEST(Gif, EveryTruncationIsRefused) {
  const std::string whole = head(2, 2) + frame(0, 0, 2, 2, {1, 2, 3, 0}) + ";";
  for (size_t length = 6; length + 1 < whole.size(); ++length)
    EXPECT_THAT(error_of(whole.substr(0, length)), HasSubstr("a.gif: ")) << length;
}

TEST(Gif, RefusesWhatCannotBe) {
  EXPECT_THAT(error_of(head(2, 1) + frame(0, 0, 2, 1, {1}) + ";"), HasSubstr("1 of 2 pixels"));
  EXPECT_THAT(error_of(head(2, 1) + ";"), HasSubstr("no picture"));
  EXPECT_THAT(error_of(head(0, 1) + ";"), HasSubstr("claims 0x1"));
  // 60000 x 60000 by the screen's size, and the same by a frame's.
  EXPECT_THAT(error_of("GIF89a" + bytes_of({0x60, 0xEA, 0x60, 0xEA, 0, 0, 0})),
              HasSubstr("claims 60000x60000"));
  EXPECT_THAT(error_of(head(1, 1) + bytes_of({0x2C, 0, 0, 0, 0, 0x60, 0xEA, 0x60, 0xEA, 0, 2, 0})),
              HasSubstr("claims 60000x60000"));
  // A code before any that defines it.
  EXPECT_THAT(error_of(head(2, 1) + bytes_of({0x2C, 0, 0, 0, 0, 2, 0, 1, 0, 0, 2, 1, 0x3C, 0})),
              HasSubstr("damaged"));
}

TEST(Gif, BoundsTheFramesTogether) {
  std::string bytes = head(200, 200);
  ImageLimits limits;
  limits.max_animation_bytes = 300'000;
  for (int i = 0; i < 4; ++i) bytes += frame(0, 0, 1, 1, {1});
  EXPECT_THROW(decode_gif(bytes + ";", "a.gif", 100, limits), InputError);
  EXPECT_EQ(decode_gif(bytes + ";", "a.gif", 2, limits).frames, 2);
}

}  // namespace
}  // namespace thaw
