#include "media/bmp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/image.h"
#include "media/test_pictures.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string little_endian(uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

// `extra` lies between the header and the pixels: masks, or a palette.
std::string make_bmp(int width, int height, int bits, const std::string& pixels,
                     const std::string& extra = "", uint32_t compression = 0) {
  const auto start = static_cast<uint32_t>(54 + extra.size());
  return "BM" + little_endian(start + static_cast<uint32_t>(pixels.size()), 4) +
         little_endian(0, 4) + little_endian(start, 4) + little_endian(40, 4) +
         little_endian(static_cast<uint32_t>(width), 4) +
         little_endian(static_cast<uint32_t>(height), 4) + little_endian(1, 2) +
         little_endian(static_cast<uint32_t>(bits), 2) + little_endian(compression, 4) +
         std::string(20, '\0') + extra + pixels;
}

std::vector<int> rgb_of(const std::string& bytes) {
  const Picture picture = decode_image(bytes, "a.bmp");
  return {picture.rgb.begin(), picture.rgb.end()};
}

std::string error_of(const std::string& bytes) {
  try {
    decode_image(bytes, "a.bmp");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Bmp, RowsLieBottomUpAndPadded) {
  const std::string pixels = bytes_of({3, 2, 1, 0, 6, 5, 4, 0});
  EXPECT_THAT(rgb_of(make_bmp(1, 2, 24, pixels)), ElementsAre(4, 5, 6, 1, 2, 3));
  EXPECT_THAT(rgb_of(make_bmp(1, -2, 24, pixels)), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Bmp, ReadsPalettes) {
  const std::string palette = bytes_of({3, 2, 1, 0, 6, 5, 4, 0});
  EXPECT_THAT(rgb_of(make_bmp(3, 1, 1, bytes_of({0xA0, 0, 0, 0}), palette)),
              ElementsAre(4, 5, 6, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(rgb_of(make_bmp(2, 1, 4, bytes_of({0x10, 0, 0, 0}), palette)),
              ElementsAre(4, 5, 6, 1, 2, 3));
  // Past the palette: black.
  EXPECT_THAT(rgb_of(make_bmp(2, 1, 8, bytes_of({1, 200, 0, 0}), palette)),
              ElementsAre(4, 5, 6, 0, 0, 0));
}

TEST(Bmp, ReadsBitFields) {
  EXPECT_THAT(rgb_of(make_bmp(2, 1, 16, bytes_of({0x00, 0x7C, 0x1F, 0x00}))),
              ElementsAre(255, 0, 0, 0, 0, 255));
  const std::string masks =
      little_endian(0xF800, 4) + little_endian(0x07E0, 4) + little_endian(0x001F, 4);
  EXPECT_THAT(rgb_of(make_bmp(2, 1, 16, bytes_of({0x00, 0xF8, 0xE0, 0x07}), masks, 3)),
              ElementsAre(255, 0, 0, 0, 255, 0));
  EXPECT_THAT(rgb_of(make_bmp(1, 1, 32, bytes_of({3, 2, 1, 99}))), ElementsAre(1, 2, 3));
}

TEST(Bmp, ReadsAsTensorFlowDoes) {
  const auto stored = [](const std::string& bytes, int channels) {
    const Raster raster = decode_bmp_as_stored(bytes, "a.bmp", channels);
    return std::vector<int>(raster.samples.begin(), raster.samples.end());
  };
  const std::string grey = make_bmp(2, 1, 8, bytes_of({7, 9, 0, 0}));
  EXPECT_THAT(stored(grey, 0), ElementsAre(7, 9));
  EXPECT_THAT(stored(grey, 3), ElementsAre(7, 7, 7, 9, 9, 9));
  const std::string rgba = make_bmp(1, 1, 32, bytes_of({3, 2, 1, 99}));
  EXPECT_THAT(stored(rgba, 0), ElementsAre(1, 2, 3, 99));
  EXPECT_THAT(stored(rgba, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(stored(make_bmp(1, 1, 24, bytes_of({3, 2, 1, 0})), 4), ElementsAre(1, 2, 3, 255));
  EXPECT_THROW(stored(rgba, 1), InputError);
}

TEST(Bmp, RefusesWhatCannotBe) {
  const std::string whole = make_bmp(2, 2, 24, std::string(16, 'x'));
  for (size_t length = 2; length < whole.size(); ++length)
    EXPECT_THAT(error_of(whole.substr(0, length)), HasSubstr("a.bmp: "));
  EXPECT_THAT(error_of(make_bmp(65535, 65535, 24, "")), HasSubstr("claims 65535x65535"));
  EXPECT_THAT(error_of(make_bmp(1, INT32_MIN, 24, "")), HasSubstr("claims 1x2147483648"));
  EXPECT_THAT(error_of(make_bmp(-1, 1, 24, "")), HasSubstr("claims -1x1"));
  EXPECT_THAT(error_of(make_bmp(2, 2, 7, std::string(16, 'x'))), HasSubstr("7 bits a pixel"));
  EXPECT_THAT(error_of(make_bmp(2, 2, 8, std::string(16, 'x'), "", 1)), HasSubstr("compressed"));
}

}  // namespace
}  // namespace thaw
