// Grey of colours as libpng computes it, and so TensorFlow's DecodePng to one channel.
#pragma once

#include <cstdint>
#include <vector>

namespace thaw {

// 0.299, 0.587 and 0.114 in 15 bits, of samples as they are or, where the file says by which power
// (gAMA, sRGB) they grow with the light, of the light.
class PngGrey {
 public:
  static constexpr uint32_t kSrgbGamma = 45455;
  // gamma: gAMA's number, 100000 times the power; 0 when the file has none. `narrowed` are 16-bit
  // samples of which only the high bytes will be used.
  explicit PngGrey(uint32_t gamma = 0, int bit_depth = 8, bool narrowed = false);

  uint8_t of(const uint8_t* rgb) const;
  uint16_t of(const uint16_t* rgb) const;

 private:
  uint16_t of_grey(uint16_t sample) const;

  int shift_ = 0;  // what is left out of 16-bit samples
  bool narrowed_ = false;
  std::vector<uint16_t> to_light_;  // empty: samples as they are
  std::vector<uint16_t> from_light_;
};

}  // namespace thaw
