#include "media/jpeg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "media/image.h"
#include "media/jpeg_errors.h"
#include "media/test_pictures.h"
#include "thaw/error.h"

namespace thaw {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::string_literals;

// How write_with_libjpeg stores a picture.
struct Form {
  J_COLOR_SPACE stored = JCS_YCbCr;
  bool progressive = false;
  int restart_interval = 0;
  int quality = 95;
};

// Channels follow `input`: 3 for RGB, 4 for CMYK (as Adobe stores it, inverted), 1 for grey.
std::string write_with_libjpeg(const std::vector<uint8_t>& samples, int width, int height,
                               J_COLOR_SPACE input, int channels, const Form& form) {
  jpeg_compress_struct cinfo{};
  jpeg_error_mgr errors{};
  cinfo.err = jpeg_std_error(&errors);
  jpeg_create_compress(&cinfo);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&cinfo, &bytes, &size);
  cinfo.image_width = static_cast<JDIMENSION>(width);
  cinfo.image_height = static_cast<JDIMENSION>(height);
  cinfo.input_components = channels;
  cinfo.in_color_space = input;
  jpeg_set_defaults(&cinfo);
  jpeg_set_colorspace(&cinfo, form.stored);
  jpeg_set_quality(&cinfo, form.quality, TRUE);
  if (form.progressive) jpeg_simple_progression(&cinfo);
  cinfo.restart_interval = static_cast<unsigned>(form.restart_interval);
  jpeg_start_compress(&cinfo, TRUE);
  const size_t stride = static_cast<size_t>(width) * static_cast<size_t>(channels);
  while (cinfo.next_scanline < cinfo.image_height) {
    auto* row = const_cast<JSAMPROW>(samples.data() + cinfo.next_scanline * stride);
    jpeg_write_scanlines(&cinfo, &row, 1);
  }
  jpeg_finish_compress(&cinfo);
  std::string out(reinterpret_cast<char*>(bytes), size);
  jpeg_destroy_compress(&cinfo);
  std::free(bytes);
  return out;
}

std::string write_rgb(const Picture& picture, const Form& form) {
  return write_with_libjpeg(picture.rgb, picture.width, picture.height, JCS_RGB, 3, form);
}

// An APP1 segment with nothing but an orientation, put behind the start of the image.
std::string with_orientation(const std::string& jpeg, int orientation, bool big_endian) {
  const std::string tiff = big_endian ? "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s +
                                            static_cast<char>(orientation) + "\0\0\0\0\0\0"s
                                      : "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s +
                                            static_cast<char>(orientation) + "\0\0\0\0\0\0\0"s;
  const std::string segment = "Exif\0\0"s + tiff;
  const size_t length = segment.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1"s + static_cast<char>(length >> 8) +
         static_cast<char>(length) + segment + jpeg.substr(2);
}

std::string error_of(const std::string& bytes) {
  try {
    decode_image(bytes, "a.jpg");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Jpeg, ReadsWhatItWrites) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 300}, {61, 47}, {640, 3}}) {
    const Picture picture = test_picture(width, height);
    const Picture back = decode_image(encode_jpeg(picture, 95), "a.jpg");
    EXPECT_EQ(back.width, width);
    EXPECT_EQ(back.height, height);
    EXPECT_LE(largest_difference(back.rgb, picture.rgb), 40);
  }
}

TEST(Jpeg, ReadsEveryForm) {
  const Picture picture = test_picture(60, 40);
  for (const bool progressive : {false, true}) {
    for (const int restart : {0, 2}) {
      for (const J_COLOR_SPACE stored : {JCS_YCbCr, JCS_RGB}) {
        const std::string bytes = write_rgb(picture, {stored, progressive, restart, 100});
        std::string warning = "unset";
        const Picture back = decode_image(bytes, "a.jpg", {}, &warning);
        EXPECT_LE(largest_difference(back.rgb, picture.rgb), 90);
        EXPECT_EQ(warning, "");
      }
    }
  }
}

TEST(Jpeg, ReadsGrey) {
  const std::vector<uint8_t> grey = {0, 50, 100, 150, 200, 250};
  const std::string bytes =
      write_with_libjpeg(grey, 3, 2, JCS_GRAYSCALE, 1, {JCS_GRAYSCALE, false, 0, 100});
  const Picture back = decode_image(bytes, "a.jpg");
  for (size_t i = 0; i < grey.size(); ++i)
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(back.rgb[3 * i + c], grey[i], 2);
  JpegOptions as_stored;
  as_stored.channels = 0;
  EXPECT_EQ(decode_jpeg(bytes, "a.jpg", as_stored).channels, 1);
}

TEST(Jpeg, ReadsInvertedInks) {
  // Flat colours: paper white, full cyan, full magenta, full yellow, black by key.
  const std::vector<std::array<int, 4>> inks = {{0, 0, 0, 0},   {255, 0, 0, 0}, {0, 255, 0, 0},
                                                {0, 0, 255, 0}, {0, 0, 0, 255}, {50, 0, 0, 100}};
  const std::vector<std::array<int, 3>> expected = {
      {255, 255, 255}, {0, 255, 255}, {255, 0, 255}, {255, 255, 0}, {0, 0, 0}, {125, 155, 155}};
  for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    for (size_t i = 0; i < inks.size(); ++i) {
      std::vector<uint8_t> samples;
      for (int pixel = 0; pixel < 64; ++pixel)
        for (int ink : inks[i]) samples.push_back(static_cast<uint8_t>(255 - ink));
      const std::string bytes =
          write_with_libjpeg(samples, 8, 8, JCS_CMYK, 4, {stored, false, 0, 100});
      const Picture back = decode_image(bytes, "a.jpg");
      for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(back.rgb[c], expected[i][c], 3) << i << "," << c;
    }
  }
}

TEST(Jpeg, TurnsUprightByExif) {
  // Flat quadrants; each orientation says where the stored top left corner and its right-hand
  // neighbour belong.
  Picture stored = test_picture(32, 16);
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 32; ++x)
      for (int c = 0; c < 3; ++c)
        stored.rgb[static_cast<size_t>((y * 32 + x) * 3 + c)] =
            static_cast<uint8_t>((x >= 16 ? 100 : 0) + (y >= 8 ? 50 : 0));
  const std::string jpeg = encode_jpeg(stored, 100);
  // Upright top left, top right, bottom left, bottom right in terms of the stored grey levels.
  const int expected[9][4] = {{},
                              {0, 100, 50, 150},
                              {100, 0, 150, 50},
                              {150, 50, 100, 0},
                              {50, 150, 0, 100},
                              {0, 50, 100, 150},
                              {50, 0, 150, 100},
                              {150, 100, 50, 0},
                              {100, 150, 0, 50}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      const Picture p = decode_image(with_orientation(jpeg, orientation, big_endian), "a.jpg");
      ASSERT_EQ(p.width, orientation < 5 ? 32 : 16);
      ASSERT_EQ(p.height, orientation < 5 ? 16 : 32);
      const auto at = [&p](int x, int y) {
        return int{p.rgb[static_cast<size_t>((y * p.width + x) * 3)]};
      };
      const int corners[] = {at(0, 0), at(p.width - 1, 0), at(0, p.height - 1),
                             at(p.width - 1, p.height - 1)};
      for (int i = 0; i < 4; ++i)
        EXPECT_NEAR(corners[i], expected[orientation][i], 2) << orientation;
    }
  }
  ReadOptions as_stored;
  as_stored.apply_orientation = false;
  EXPECT_EQ(decode_image(with_orientation(jpeg, 6, true), "a.jpg", as_stored).width, 32);
}

TEST(Jpeg, IgnoresDamagedExif) {
  const std::string whole = with_orientation(encode_jpeg(test_picture(20, 10)), 6, true);
  for (size_t at = 6; at < 38; ++at) {
    std::string damaged = whole;
    damaged[at] = '\x7F';
    EXPECT_EQ(decode_image(damaged, "a.jpg").rgb.size(), 600U) << at;
  }
  EXPECT_EQ(
      decode_image(with_orientation(encode_jpeg(test_picture(20, 10)), 9, false), "a.jpg").width,
      20);
}

// Every prefix is refused until nothing but the end marker is missing.
TEST(Jpeg, EveryTruncationIsRefused) {
  for (const bool progressive : {false, true}) {
    const std::string whole = write_rgb(test_picture(40, 30), {JCS_YCbCr, progressive, 0, 80});
    for (size_t length = 0; length + 2 < whole.size(); ++length) {
      const std::string error = error_of(whole.substr(0, length));
      // The last byte of the data may hold nothing but padding.
      const bool refused = error.rfind("a.jpg: ", 0) == 0;
      EXPECT_TRUE(refused || (error == "no error" && length + 4 >= whole.size()))
          << length << " of " << whole.size() << ": " << error;
    }
    std::string warning;
    decode_image(whole.substr(0, whole.size() - 2), "a.jpg", {}, &warning);
    EXPECT_NE(warning, "");
  }
  const std::string plain = encode_jpeg(test_picture(40, 30));
  EXPECT_THAT(error_of(plain.substr(0, plain.size() / 2)), HasSubstr("cut short"));
}

TEST(Jpeg, SaysHowMuchOfACutFileThereIs) {
  const std::string whole = encode_jpeg(test_picture(64, 640), 90);
  EXPECT_THAT(error_of(whole.substr(0, whole.size() / 2)),
              AllOf(HasSubstr("cut short"), HasSubstr("of 640 pixel rows")));
}

TEST(Jpeg, LivesWithDamageBetweenRestarts) {
  std::string bytes = write_rgb(test_picture(64, 64), {JCS_YCbCr, false, 1, 80});
  const size_t restart = bytes.find("\xFF\xD3");
  ASSERT_NE(restart, std::string::npos);
  bytes.erase(restart - 4, 3);
  std::string warning;
  EXPECT_EQ(decode_image(bytes, "a.jpg", {}, &warning).height, 64);
  EXPECT_NE(warning, "");
}

TEST(Jpeg, IgnoresWhatFollowsTheEnd) {
  std::string warning;
  const std::string bytes = encode_jpeg(test_picture(20, 10)) + std::string(1000, 'x');
  EXPECT_EQ(decode_image(bytes, "a.jpg", {}, &warning).width, 20);
  EXPECT_EQ(warning, "");
}

TEST(Jpeg, RefusesSizesThatCannotBe) {
  std::string bytes = encode_jpeg(test_picture(20, 10));
  const size_t frame = bytes.find("\xFF\xC0");
  const auto claim = [&bytes, frame](int height, int width) {
    bytes[frame + 5] = static_cast<char>(height >> 8);
    bytes[frame + 6] = static_cast<char>(height);
    bytes[frame + 7] = static_cast<char>(width >> 8);
    bytes[frame + 8] = static_cast<char>(width);
    return error_of(bytes);
  };
  EXPECT_THAT(claim(65535, 65535), HasSubstr("claims 65535x65535 pixels, at most 100 million"));
  EXPECT_THAT(claim(9000, 9000), HasSubstr("can't hold"));
  EXPECT_THAT(claim(10, 0), HasSubstr("a.jpg: "));
  EXPECT_NE(claim(400, 20), "no error");
}

// A second of work in a few bytes: scans that refine nothing.
TEST(Jpeg, RefusesThousandsOfScans) {
  std::string bytes = write_rgb(test_picture(200, 200), {JCS_YCbCr, true, 0, 50});
  const size_t last_scan = bytes.rfind("\xFF\xDA");
  const std::string scan = bytes.substr(last_scan, bytes.size() - 2 - last_scan);
  bytes.resize(bytes.size() - 2);
  for (int i = 0; i < 2000; ++i) bytes += scan;
  bytes += "\xFF\xD9";
  EXPECT_THAT(error_of(bytes), HasSubstr("too many scans"));
}

TEST(Jpeg, ReadsSmallerByARatio) {
  const std::string bytes = encode_jpeg(test_picture(61, 47));
  JpegOptions options;
  options.ratio = 4;
  const Raster quarter = decode_jpeg(bytes, "a.jpg", options);
  EXPECT_EQ(quarter.width, 16);
  EXPECT_EQ(quarter.height, 12);
  options.ratio = 3;
  EXPECT_THROW(decode_jpeg(bytes, "a.jpg", options), InputError);
  options.ratio = 1;
  options.channels = 4;
  EXPECT_THROW(decode_jpeg(bytes, "a.jpg", options), InputError);
}

TEST(Jpeg, RefusesWhatItCannotWrite) {
  EXPECT_THROW(encode_jpeg(Picture()), InputError);
  EXPECT_THROW(encode_jpeg(test_picture(65501, 1)), InputError);
  EXPECT_THROW(encode_jpeg(test_picture(2, 2), 0), UsageError);
}

}  // namespace
}  // namespace thaw
