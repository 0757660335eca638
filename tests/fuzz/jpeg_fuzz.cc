// Any bytes as a JPEG: a picture or an InputError, within the limits.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "media/image.h"
#include "media/jpeg.h"
#include "thaw/error.h"

namespace {

void decode(std::string_view bytes, uint8_t choice) {
  thaw::JpegOptions options;
  options.limits.max_pixels = 1 << 20;
  constexpr int kChannels[] = {0, 1, 3, 3};
  options.channels = kChannels[choice & 3];
  options.ratio = 1 << (choice >> 2 & 3);
  options.fast_dct = (choice & 16) != 0;
  options.fancy_upsampling = (choice & 32) != 0;
  options.cmyk = choice & 64 ? thaw::CmykRule::kTensorFlow : thaw::CmykRule::kPicture;
  std::string warning;
  const thaw::Raster raster = thaw::decode_jpeg(bytes, "input", options, &warning);
  const auto samples = static_cast<size_t>(raster.width) * static_cast<size_t>(raster.height) *
                       static_cast<size_t>(raster.channels);
  if (raster.samples.size() != samples) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size - 1);
  thaw::read_jpeg_header(bytes);
  try {
    decode(bytes, data[size - 1]);
  } catch (const thaw::InputError&) {
  }
  thaw::ReadOptions options;
  options.limits.max_pixels = 1 << 20;
  try {
    thaw::decode_image(bytes, "input", options);
  } catch (const thaw::InputError&) {
  }
  return 0;
}
