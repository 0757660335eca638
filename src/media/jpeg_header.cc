// The segments of a JPEG file up to its first scan, read without libjpeg so that the claimed size
// is known before anything is allocated.
#include <cstddef>
#include <cstdint>

#include "media/exif.h"
#include "media/jpeg.h"

namespace thaw {
namespace {

using namespace std::string_view_literals;

constexpr uint8_t kStartOfScan = 0xDA;
constexpr uint8_t kEndOfImage = 0xD9;
constexpr uint8_t kApp1 = 0xE1;

int big_endian16(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]);
}

bool stands_alone(uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

// SOF0..SOF15 without DHT, JPG and DAC, which lie among them.
bool starts_frame(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

}  // namespace

JpegHeader read_jpeg_header(std::string_view bytes) {
  JpegHeader header;
  bool has_exif = false;
  size_t at = 0;
  while (at + 2 <= bytes.size()) {
    if (static_cast<uint8_t>(bytes[at]) != 0xFF) {
      ++at;
      continue;
    }
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xFF || marker == 0x00 || stands_alone(marker)) {
      at += marker == 0xFF ? 1 : 2;
      continue;
    }
    if (marker == kStartOfScan || marker == kEndOfImage || at + 4 > bytes.size()) break;
    const auto length = static_cast<size_t>(big_endian16(bytes, at + 2));
    if (length < 2) break;
    const std::string_view segment = bytes.substr(at + 4, length - 2);
    if (starts_frame(marker) && header.width == 0 && segment.size() >= 5) {
      header.height = big_endian16(segment, 1);
      header.width = big_endian16(segment, 3);
    }
    if (marker == kApp1 && !has_exif && segment.substr(0, 6) == "Exif\0\0"sv) {
      header.orientation = tiff_orientation(segment.substr(6));
      has_exif = true;
    }
    at += 2 + length;
  }
  return header;
}

}  // namespace thaw
