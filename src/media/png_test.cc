#include "media/png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spng.h>

#include <cstdlib>

#include "media/image.h"
#include "media/test_pictures.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Form {
  int color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  int bit_depth = 8;
  bool interlaced = false;
  const spng_plte* palette = nullptr;
  const spng_trns* transparency = nullptr;
  std::string exif;
};

// `samples` are the unfiltered rows as PNG stores them, 16-bit ones in host order.
std::string write_with_spng(const std::string& samples, int width, int height, const Form& form) {
  spng_ctx* context = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(width);
  header.height = static_cast<uint32_t>(height);
  header.bit_depth = static_cast<uint8_t>(form.bit_depth);
  header.color_type = static_cast<uint8_t>(form.color_type);
  header.interlace_method = form.interlaced ? SPNG_INTERLACE_ADAM7 : SPNG_INTERLACE_NONE;
  EXPECT_EQ(spng_set_ihdr(context, &header), 0);
  if (form.palette != nullptr) {
    spng_plte palette = *form.palette;
    EXPECT_EQ(spng_set_plte(context, &palette), 0);
  }
  if (form.transparency != nullptr) {
    spng_trns transparency = *form.transparency;
    EXPECT_EQ(spng_set_trns(context, &transparency), 0);
  }
  std::string exif_bytes = form.exif;
  spng_exif exif{exif_bytes.size(), exif_bytes.data()};
  if (!exif_bytes.empty()) {
    EXPECT_EQ(spng_set_exif(context, &exif), 0);
  }
  EXPECT_EQ(spng_encode_image(context, samples.data(), samples.size(), SPNG_FMT_PNG,
                              SPNG_ENCODE_FINALIZE),
            0);
  size_t size = 0;
  int error = 0;
  void* bytes = spng_get_png_buffer(context, &size, &error);
  std::string out(static_cast<char*>(bytes), size);
  std::free(bytes);
  spng_ctx_free(context);
  return out;
}

std::vector<int> ints(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::string error_of(const std::string& bytes) {
  try {
    decode_image(bytes, "a.png");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Png, ReadsWhatItWrites) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 3000}, {61, 47}}) {
    const Picture picture = test_picture(width, height);
    std::string warning = "unset";
    const Picture back = decode_image(encode_png(picture), "a.png", {}, &warning);
    EXPECT_EQ(back.width, width);
    EXPECT_EQ(back.height, height);
    EXPECT_EQ(back.rgb, picture.rgb);
    EXPECT_EQ(warning, "");
  }
}

TEST(Png, ReadsInterlacedRows) {
  const Picture picture = test_picture(13, 11);
  const std::string samples(picture.rgb.begin(), picture.rgb.end());
  Form form;
  form.interlaced = true;
  EXPECT_EQ(decode_image(write_with_spng(samples, 13, 11, form), "a.png").rgb, picture.rgb);
}

TEST(Png, SpreadsGreyOfEveryDepth) {
  Form grey;
  grey.color_type = SPNG_COLOR_TYPE_GRAYSCALE;
  grey.bit_depth = 1;
  EXPECT_THAT(ints(decode_image(write_with_spng("\xA0", 3, 1, grey), "a.png").rgb),
              ElementsAre(255, 255, 255, 0, 0, 0, 255, 255, 255));
  grey.bit_depth = 4;
  EXPECT_THAT(ints(decode_image(write_with_spng("\x3F", 2, 1, grey), "a.png").rgb),
              ElementsAre(51, 51, 51, 255, 255, 255));
}

TEST(Png, TakesTheHighBytesOf16Bits) {
  Form grey;
  grey.color_type = SPNG_COLOR_TYPE_GRAYSCALE;
  grey.bit_depth = 16;
  const uint16_t samples[] = {0x12FF, 0xFF00};
  const std::string bytes =
      write_with_spng({reinterpret_cast<const char*>(samples), sizeof samples}, 2, 1, grey);
  EXPECT_THAT(ints(decode_image(bytes, "a.png").rgb),
              ElementsAre(0x12, 0x12, 0x12, 0xFF, 0xFF, 0xFF));
  PngOptions wide;
  wide.channels = 0;
  wide.bit_depth = 16;
  const Raster raster = decode_png(bytes, "a.png", wide);
  EXPECT_EQ(raster.channels, 1);
  EXPECT_EQ(reinterpret_cast<const uint16_t*>(raster.samples.data())[0], 0x12FF);
}

TEST(Png, ReadsPalettes) {
  spng_plte palette{};
  palette.n_entries = 3;
  palette.entries[1] = {10, 20, 30, 0};
  palette.entries[2] = {40, 50, 60, 0};
  spng_trns transparency{};
  transparency.n_type3_entries = 2;
  transparency.type3_alpha[0] = 255;
  transparency.type3_alpha[1] = 7;
  Form form;
  form.color_type = SPNG_COLOR_TYPE_INDEXED;
  form.bit_depth = 2;
  form.palette = &palette;
  form.transparency = &transparency;
  const std::string bytes = write_with_spng(std::string(1, '\x18'), 3, 1, form);
  EXPECT_THAT(ints(decode_image(bytes, "a.png").rgb), ElementsAre(0, 0, 0, 10, 20, 30, 40, 50, 60));
  PngOptions as_stored;
  as_stored.channels = 0;
  EXPECT_THAT(ints(decode_png(bytes, "a.png", as_stored).samples),
              ElementsAre(0, 0, 0, 255, 10, 20, 30, 7, 40, 50, 60, 255));
}

TEST(Png, DropsAlphaWithoutBlending) {
  Form form;
  form.color_type = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
  const std::string bytes = write_with_spng(bytes_of({1, 2, 3, 0, 4, 5, 6, 128}), 2, 1, form);
  EXPECT_THAT(ints(decode_image(bytes, "a.png").rgb), ElementsAre(1, 2, 3, 4, 5, 6));
  PngOptions options;
  options.channels = 4;
  EXPECT_THAT(ints(decode_png(bytes, "a.png", options).samples),
              ElementsAre(1, 2, 3, 0, 4, 5, 6, 128));
  options.channels = 1;
  EXPECT_THAT(ints(decode_png(bytes, "a.png", options).samples), ElementsAre(1, 4));
  options.channels = 2;
  EXPECT_THROW(decode_png(bytes, "a.png", options), InputError);
}

TEST(Png, TurnsUprightByExif) {
  Form form;
  form.exif = bytes_of(
      {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0});
  const std::string bytes = write_with_spng(bytes_of({1, 1, 1, 2, 2, 2}), 2, 1, form);
  const Picture upright = decode_image(bytes, "a.png");
  EXPECT_EQ(upright.width, 1);
  EXPECT_EQ(upright.height, 2);
  EXPECT_EQ(upright.rgb[0], 1);
}

TEST(Png, EveryTruncationIsRefused) {
  const Picture picture = test_picture(24, 18);
  const std::string samples(picture.rgb.begin(), picture.rgb.end());
  for (const bool interlaced : {false, true}) {
    Form form;
    form.interlaced = interlaced;
    const std::string whole = write_with_spng(samples, 24, 18, form);
    const size_t end_chunk = whole.rfind("IEND") - 4;
    for (size_t length = 0; length < whole.size(); ++length) {
      const std::string error = error_of(whole.substr(0, length));
      // Deflate's checksum and the chunk's, 8 bytes, may be missed without losing a pixel.
      const bool refused = error.rfind("a.png: ", 0) == 0;
      EXPECT_TRUE(refused || (error == "no error" && length + 8 >= end_chunk))
          << length << " of " << whole.size() << ": " << error;
    }
    EXPECT_THAT(error_of(whole.substr(0, whole.size() / 2)), HasSubstr("cut short"));
  }
}

TEST(Png, RefusesWrongChecksums) {
  std::string bytes = encode_png(test_picture(24, 18));
  bytes[bytes.find("IDAT") + 30] ^= 1;
  EXPECT_THAT(error_of(bytes), HasSubstr("a.png: the PNG can't be decoded: "));
  bytes = encode_png(test_picture(24, 18));
  bytes[19] ^= 1;  // the width
  EXPECT_THAT(error_of(bytes), HasSubstr("checksum"));
}

// CRC-32 of PNG, bit by bit.
uint32_t crc(const std::string& bytes) {
  uint32_t value = 0xFFFFFFFF;
  for (char c : bytes) {
    value ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
  }
  return ~value;
}

std::string with_claimed_size(std::string png, uint32_t width, uint32_t height) {
  const auto put = [&png](size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) png[at + i] = static_cast<char>(value >> (24 - 8 * i));
  };
  put(16, width);
  put(20, height);
  put(29, crc(png.substr(12, 17)));
  return png;
}

TEST(Png, RefusesSizesThatCannotBe) {
  const std::string small = encode_png(test_picture(24, 18));
  EXPECT_THAT(error_of(with_claimed_size(small, 65535, 65535)), HasSubstr("claims 65535x65535"));
  EXPECT_THAT(error_of(with_claimed_size(small, 0x7FFFFFFF, 1)), HasSubstr("claims 2147483647x1"));
  EXPECT_THAT(error_of(with_claimed_size(small, 9000, 9000)), HasSubstr("can't hold"));
  EXPECT_NE(error_of(with_claimed_size(small, 0, 18)), "no error");
  EXPECT_NE(error_of(with_claimed_size(small, 24, 19)), "no error");
}

TEST(Png, RefusesWhatItCannotWrite) { EXPECT_THROW(encode_png(Picture()), InputError); }

}  // namespace
}  // namespace thaw
