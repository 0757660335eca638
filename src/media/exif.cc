#include "media/exif.h"

#include <cstddef>
#include <cstdint>

namespace thaw {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

// Reads integers of the file's byte order; past the end it gives 0.
class TiffReader {
 public:
  TiffReader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  uint32_t read(size_t offset, size_t count) const {
    if (offset > bytes_.size() || count > bytes_.size() - offset) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const size_t at = offset + (big_endian_ ? i : count - 1 - i);
      value = value << 8 | static_cast<uint8_t>(bytes_[at]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool big_endian_;
};

}  // namespace

int tiff_orientation(std::string_view tiff) {
  const bool big_endian = tiff.substr(0, 2) == "MM";
  if (!big_endian && tiff.substr(0, 2) != "II") return 1;
  const TiffReader reader(tiff, big_endian);
  if (reader.read(2, 2) != 42) return 1;
  const size_t directory = reader.read(4, 4);
  const uint32_t entries = reader.read(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (reader.read(entry, 2) != kOrientationTag) continue;
    if (reader.read(entry + 2, 2) != kShortType || reader.read(entry + 4, 4) != 1) return 1;
    const uint32_t value = reader.read(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace thaw
