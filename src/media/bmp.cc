#include "media/bmp.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace thaw {
namespace {

constexpr size_t kFileHeaderBytes = 14;
constexpr size_t kOldHeaderBytes = 12;  // BITMAPCOREHEADER
constexpr size_t kInfoHeaderBytes = 40;
constexpr uint32_t kUncompressed = 0;
constexpr uint32_t kBitFields = 3;
constexpr uint32_t kAlphaBitFields = 6;

uint32_t little_endian(std::string_view bytes, size_t at, size_t count) {
  uint32_t value = 0;
  if (at > bytes.size() || count > bytes.size() - at) return 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

// One colour's bits in a 16 or 32-bit pixel.
struct Field {
  uint32_t shift = 0;
  uint32_t max = 0;  // 0: no such colour

  uint8_t of(uint32_t pixel) const {
    if (max == 0) return 0;
    return static_cast<uint8_t>((uint64_t{pixel >> shift & max} * 255 + max / 2) / max);
  }
};

Field field_of(uint32_t mask) {
  Field field;
  if (mask == 0) return field;
  while ((mask & 1) == 0) {
    mask >>= 1;
    ++field.shift;
  }
  field.max = mask;
  return field;
}

struct BmpFile {
  int64_t width = 0;
  int64_t height = 0;
  bool top_down = false;
  int bits = 0;  // of a pixel
  size_t stride = 0;
  std::array<Field, 3> fields{};  // red, green, blue of 16 and 32 bits
  size_t palette_at = 0;
  size_t palette_step = 4;
  size_t palette_size = 0;
  std::string_view pixels;

  // From the top; rows are stored bottom up unless the height was negative.
  std::string_view row(int64_t y) const {
    return pixels.substr(static_cast<size_t>(top_down ? y : height - 1 - y) * stride, stride);
  }
};

void read_layout(std::string_view bytes, const std::string& name, BmpFile& file) {
  const uint32_t header = little_endian(bytes, 14, 4);
  const bool old = header == kOldHeaderBytes;
  if (bytes.size() < kFileHeaderBytes + kOldHeaderBytes)
    throw_image_error(name, fmt::format("the BMP is cut short: {} bytes", bytes.size()));
  if (!old && header < kInfoHeaderBytes)
    throw_image_error(name, fmt::format("the BMP has a header of {} bytes, 12 or at least 40 are "
                                        "known",
                                        header));
  const auto height = old ? static_cast<int32_t>(little_endian(bytes, 20, 2))
                          : static_cast<int32_t>(little_endian(bytes, 22, 4));
  file.width = old ? static_cast<int32_t>(little_endian(bytes, 18, 2))
                   : static_cast<int32_t>(little_endian(bytes, 18, 4));
  file.top_down = height < 0;
  file.height = height < 0 ? -int64_t{height} : int64_t{height};
  file.bits = static_cast<int>(little_endian(bytes, old ? 24 : 28, 2));
  file.palette_step = old ? 3 : 4;
  const uint32_t compression = old ? kUncompressed : little_endian(bytes, 30, 4);
  const bool masks = compression == kBitFields || compression == kAlphaBitFields;
  if (compression != kUncompressed && !(masks && (file.bits == 16 || file.bits == 32)))
    throw_image_error(name, fmt::format("the BMP is compressed (method {}, {} bits), only plain "
                                        "pixels are read",
                                        compression, file.bits));
  for (size_t c = 0; c < 3; ++c) {
    const uint32_t usual = file.bits == 16 ? 0x1FU << (10 - 5 * c) : 0xFFU << (16 - 8 * c);
    file.fields[c] = field_of(masks ? little_endian(bytes, 54 + 4 * c, 4) : usual);
  }
  const bool masks_follow = masks && header == kInfoHeaderBytes;
  file.palette_at = kFileHeaderBytes + header + (masks_follow ? 12 : 0);
}

BmpFile open_bmp(std::string_view bytes, const std::string& name, const ImageLimits& limits) {
  BmpFile file;
  read_layout(bytes, name, file);
  check_image_size(name, file.width, file.height, limits);
  if (file.bits != 1 && file.bits != 4 && file.bits != 8 && file.bits != 16 && file.bits != 24 &&
      file.bits != 32)
    throw_image_error(name, fmt::format("the BMP has {} bits a pixel, which is not one of 1, 4, 8, "
                                        "16, 24 and 32",
                                        file.bits));
  file.stride = static_cast<size_t>((file.width * file.bits + 31) / 32 * 4);
  const size_t start = little_endian(bytes, 10, 4);
  const size_t needed = file.stride * static_cast<size_t>(file.height);
  if (start > bytes.size() || bytes.size() - start < needed)
    throw_image_error(
        name, fmt::format("the BMP is cut short: {} bytes of pixels from byte {} were expected, "
                          "the file has {} bytes",
                          needed, start, bytes.size()));
  file.pixels = bytes.substr(start, needed);
  if (file.bits <= 8 && file.palette_at < start)
    file.palette_size = (start - file.palette_at) / file.palette_step;
  return file;
}

void palette_row(std::string_view bytes, const BmpFile& file, std::string_view row, uint8_t* rgb) {
  const auto bits = static_cast<size_t>(file.bits);
  const uint32_t mask = (1U << bits) - 1;
  for (size_t x = 0; x < static_cast<size_t>(file.width); ++x, rgb += 3) {
    const size_t bit = x * bits;
    const uint32_t byte = static_cast<uint8_t>(row[bit / 8]);
    const size_t index = byte >> (8 - bits - bit % 8) & mask;
    if (index >= file.palette_size) continue;  // stays black
    const size_t entry = file.palette_at + index * file.palette_step;
    for (size_t c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(bytes[entry + 2 - c]);
  }
}

void field_row(const BmpFile& file, std::string_view row, uint8_t* rgb) {
  const auto step = static_cast<size_t>(file.bits / 8);
  for (size_t x = 0; x < static_cast<size_t>(file.width); ++x, rgb += 3) {
    const uint32_t pixel = little_endian(row, x * step, step);
    for (size_t c = 0; c < 3; ++c) rgb[c] = file.fields[c].of(pixel);
  }
}

Raster empty_raster(const BmpFile& file, int channels) {
  Raster out;
  out.width = static_cast<int>(file.width);
  out.height = static_cast<int>(file.height);
  out.channels = channels;
  out.samples.resize(static_cast<size_t>(file.width * file.height * channels));
  return out;
}

}  // namespace

Raster decode_bmp(std::string_view bytes, const std::string& name, const ImageLimits& limits) {
  const BmpFile file = open_bmp(bytes, name, limits);
  Raster out = empty_raster(file, 3);
  uint8_t* to = out.samples.data();
  for (int64_t y = 0; y < file.height; ++y, to += file.width * 3) {
    if (file.bits <= 8)
      palette_row(bytes, file, file.row(y), to);
    else
      field_row(file, file.row(y), to);
  }
  return out;
}

Raster decode_bmp_as_stored(std::string_view bytes, const std::string& name, int channels,
                            const ImageLimits& limits) {
  if (channels != 0 && channels != 3 && channels != 4)
    throw_image_error(name, fmt::format("a BMP is read with 3 or 4 channels, not {}", channels));
  const BmpFile file = open_bmp(bytes, name, limits);
  const auto stored = static_cast<size_t>(file.bits / 8);
  if (file.bits != 8 && file.bits != 24 && file.bits != 32)
    throw_image_error(
        name, fmt::format("the BMP has {} bits a pixel; 8, 24 or 32 were expected", file.bits));
  const size_t wanted = channels == 0 ? stored : static_cast<size_t>(channels);
  Raster out = empty_raster(file, static_cast<int>(wanted));
  uint8_t* to = out.samples.data();
  for (int64_t y = 0; y < file.height; ++y) {
    const std::string_view row = file.row(y);
    for (size_t x = 0; x < static_cast<size_t>(file.width); ++x, to += wanted) {
      const char* from = row.data() + x * stored;
      for (size_t c = 0; c < wanted; ++c) {
        const size_t at = stored == 1 ? 0 : c == 3 ? 3 : 2 - c;
        to[c] = c == 3 && stored < 4 ? uint8_t{255} : static_cast<uint8_t>(from[at]);
      }
    }
  }
  return out;
}

}  // namespace thaw
