// Samples as the image decoders give them, and the limits that keep files from claiming memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thaw {

// frames x height x width x channels samples without gaps; 16-bit samples in host byte order.
struct Raster {
  int frames = 1;
  int height = 0;
  int width = 0;
  int channels = 0;
  int bit_depth = 8;  // 8 or 16
  std::vector<uint8_t> samples;
};

struct ImageLimits {
  int64_t max_pixels = 100'000'000;  // of one frame
  // Of all decoded frames of an animation.
  int64_t max_animation_bytes = int64_t{1} << 28;
};

// Throws InputError when the size that a header claims is empty or above the limit.
void check_image_size(const std::string& name, int64_t width, int64_t height,
                      const ImageLimits& limits);

// Throws InputError "NAME: MESSAGE".
[[noreturn]] void throw_image_error(const std::string& name, const std::string& message);

// Samples of one 8-bit frame as another number of channels: grey spreads to RGB, alpha is dropped
// without blending.
std::vector<uint8_t> to_rgb(Raster&& raster);

}  // namespace thaw
