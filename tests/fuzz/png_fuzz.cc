// Any bytes as a PNG (and, by their first bytes, as a BMP or GIF): a picture or an InputError.
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "media/bmp.h"
#include "media/image.h"
#include "media/png.h"
#include "thaw/error.h"

namespace {

void decode(std::string_view bytes, uint8_t choice) {
  thaw::PngOptions options;
  options.limits.max_pixels = 1 << 20;
  constexpr int kChannels[] = {0, 1, 3, 4};
  options.channels = kChannels[choice & 3];
  options.bit_depth = choice & 4 ? 16 : 8;
  std::string warning;
  const thaw::Raster raster = thaw::decode_png(bytes, "input", options, &warning);
  const auto samples = static_cast<size_t>(raster.width) * static_cast<size_t>(raster.height) *
                       static_cast<size_t>(raster.channels);
  if (raster.samples.size() != samples * static_cast<size_t>(raster.bit_depth / 8))
    __builtin_trap();
}

// Chunks with right checksums, so that the decoder looks into what was changed in them.
std::string with_right_checksums(std::string_view bytes) {
  std::string out(bytes);
  auto* data = reinterpret_cast<unsigned char*>(out.data());
  const auto number = [data](size_t at) {
    return static_cast<size_t>(data[at]) << 24 | static_cast<size_t>(data[at + 1]) << 16 |
           static_cast<size_t>(data[at + 2]) << 8 | data[at + 3];
  };
  for (size_t at = 8; at + 12 <= out.size();) {
    const size_t length = number(at);
    if (length > out.size() - at - 12) break;
    const unsigned long sum = crc32(0, data + at + 4, static_cast<unsigned>(length + 4));
    for (size_t i = 0; i < 4; ++i)
      data[at + 8 + length + i] = static_cast<unsigned char>(sum >> (24 - 8 * i));
    at += 12 + length;
  }
  return out;
}

template <class F>
void refused_or_read(F&& read) {
  try {
    read();
  } catch (const thaw::InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size - 1);
  const uint8_t choice = data[size - 1];
  thaw::ReadOptions options;
  options.limits.max_pixels = 1 << 20;
  options.limits.max_animation_bytes = 1 << 24;
  refused_or_read([&] { decode(bytes, choice); });
  refused_or_read([&] { decode(with_right_checksums(bytes), choice); });
  refused_or_read([&] { thaw::png_orientation(bytes, "a.png"); });
  refused_or_read([&] { thaw::decode_image(bytes, "input", options); });
  refused_or_read([&] { thaw::decode_bmp_as_stored(bytes, "input", choice & 4, options.limits); });
  return 0;
}
