#include "media/raster.h"

#include <fmt/format.h>

#include <utility>

#include "thaw/error.h"

namespace thaw {

void throw_image_error(const std::string& name, const std::string& message) {
  throw InputError(fmt::format("{}: {}", name, message));
}

void check_image_size(const std::string& name, int64_t width, int64_t height,
                      const ImageLimits& limits) {
  if (width <= 0 || height <= 0)
    throw_image_error(name, fmt::format("the image claims {}x{} pixels", width, height));
  if (height > limits.max_pixels / width)
    throw_image_error(
        name, fmt::format("the image claims {}x{} pixels, at most {} million are read", width,
                          height, limits.max_pixels / 1'000'000));
}

std::vector<uint8_t> to_rgb(Raster&& raster) {
  if (raster.channels == 3) return std::move(raster.samples);
  const size_t pixels = static_cast<size_t>(raster.width) * static_cast<size_t>(raster.height);
  const auto channels = static_cast<size_t>(raster.channels);
  std::vector<uint8_t> rgb(pixels * 3);
  for (size_t i = 0; i < pixels; ++i) {
    const uint8_t* from = raster.samples.data() + i * channels;
    for (size_t c = 0; c < 3; ++c) rgb[i * 3 + c] = from[channels < 3 ? 0 : c];
  }
  return rgb;
}

}  // namespace thaw
