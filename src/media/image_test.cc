#include "media/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "media/jpeg.h"
#include "media/png.h"
#include "media/test_pictures.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string error_of_bytes(const std::string& bytes) {
  try {
    decode_image(bytes, "a.jpg");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of_file(const std::string& path) {
  try {
    read_picture(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

class ImageFileTest : public testing::Test {
 protected:
  ImageFileTest() { fs::create_directories(folder_); }
  ~ImageFileTest() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("image_" + std::to_string(::getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST(Image, BytesInMemoryAreThePicture) {
  const Picture picture = test_picture(20, 10);
  std::string warning = "?";
  const Picture back = decode_picture(encode_png(picture), "a.png", &warning);
  EXPECT_EQ(back.width, 20);
  EXPECT_EQ(back.rgb, picture.rgb);
  EXPECT_EQ(warning, "");
  EXPECT_THROW(decode_picture("no picture"), InputError);
}

TEST(Image, SaysWhatOtherFilesAre) {
  EXPECT_EQ(error_of_bytes(""), "a.jpg: the file is empty (0 bytes)");
  EXPECT_EQ(error_of_bytes("hello\nworld and more"),
            "a.jpg: not a JPEG, PNG, BMP or GIF image: it starts with \"hello world \"");
  EXPECT_THAT(error_of_bytes(bytes_of({0, 1, 254})), HasSubstr("the bytes 00 01 fe"));
  EXPECT_THAT(error_of_bytes("RIFFxxxxWEBPVP8 "), HasSubstr("is a WebP image"));
  EXPECT_THAT(error_of_bytes("....ftypheic"), HasSubstr("is a HEIC image"));
  EXPECT_THAT(error_of_bytes(bytes_of({0xFF, 0xD8, 0xFF})), HasSubstr("cut short"));
}

TEST_F(ImageFileTest, WritesByTheNamesEnding) {
  const Picture picture = test_picture(30, 20);
  write_picture(path("a.PNG"), picture);
  EXPECT_EQ(read_picture(path("a.PNG")).rgb, picture.rgb);
  write_picture(path("a.jpeg"), picture);
  EXPECT_EQ(read_picture(path("a.jpeg")).width, 30);
  // The kind is found by content.
  fs::rename(path("a.jpeg"), path("b.png"));
  EXPECT_EQ(read_picture(path("b.png")).width, 30);
  EXPECT_THROW(write_picture(path("a.webp"), picture), UsageError);
  EXPECT_THROW(write_picture(path("a"), picture), UsageError);
}

TEST_F(ImageFileTest, NamesTheFileThatCannotBeRead) {
  EXPECT_THAT(error_of_file(path("gone.jpg")), HasSubstr("gone.jpg: No such file"));
  EXPECT_THAT(error_of_file(folder_.string()), HasSubstr("a folder"));
  ASSERT_EQ(::mkfifo(path("pipe.jpg").c_str(), 0600), 0);
  EXPECT_THAT(error_of_file(path("pipe.jpg")), HasSubstr("a pipe"));
  std::ofstream(path("empty.jpg")).flush();
  EXPECT_THAT(error_of_file(path("empty.jpg")), HasSubstr("empty.jpg: the file is empty"));
}

// CRC-32 (as zlib's) of the pixels that PIL 13 gives for these photographs.
struct Expected {
  const char* file;
  uint32_t crc;
};
constexpr Expected kPhotographs[] = {
    {"airplane_0.jpg", 0x7F7AEF77},       {"cat_0.jpg", 0x33569E24},
    {"city_0.jpg", 0x524CD2E4},           {"city_2.jpg", 0xD864589C},
    {"city_3.jpg", 0xFADF058D},           {"dog_1.jpg", 0x00D9162A},
    {"dog_bike_truck.jpg", 0x5F07ED46},   {"horse_0.jpg", 0xF2AAFAEE},
    {"humans_0.jpg", 0xD2891A2D},         {"od_dogs.jpg", 0xED7FE231},
    {"od_kites.jpg", 0xCFFBBE17},         {"peds_0.jpg", 0x3F194B29},
    {"peds_2.jpg", 0xC7B9465B},           {"room_4.jpg", 0xAC1CF299},
    {"trafficlight_sim.jpg", 0xABCADB0D},
};

uint32_t crc(const std::vector<uint8_t>& bytes) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320 : 0);
  }
  uint32_t value = 0xFFFFFFFF;
  for (uint8_t byte : bytes) value = value >> 8 ^ table[(value ^ byte) & 0xFF];
  return ~value;
}

TEST(Image, PhotographsAreAsPilDecodesThem) {
  const char* shared = std::getenv("THAW_SHARED");
  const fs::path folder =
      fs::path(shared != nullptr ? shared : THAW_SOURCE_DIR "/../shared") / "data/images";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  for (const Expected& photograph : kPhotographs)
    EXPECT_EQ(crc(read_picture((folder / photograph.file).string()).rgb), photograph.crc)
        << photograph.file;
}

}  // namespace
}  // namespace thaw
