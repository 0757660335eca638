#include <algorithm>

#include "thaw/picture.h"

namespace thaw {

Picture resized(const Picture& picture, int width, int height) {
  if (picture.width == width && picture.height == height) return picture;
  Picture out{width, height,
              std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height) * 3)};
  const auto position = [](int i, int from, int to) {
    const float p =
        (static_cast<float>(i) + 0.5F) * static_cast<float>(from) / static_cast<float>(to) - 0.5F;
    return std::min(std::max(p, 0.0F), static_cast<float>(from - 1));
  };
  const auto pixel = [&](int y, int x, int c) {
    const size_t at =
        (static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)) * 3 +
        static_cast<size_t>(c);
    return static_cast<float>(picture.rgb[at]);
  };
  size_t at = 0;
  for (int y = 0; y < height; ++y) {
    const float py = position(y, picture.height, height);
    const int y0 = static_cast<int>(py);
    const int y1 = std::min(y0 + 1, picture.height - 1);
    const float fy = py - static_cast<float>(y0);
    for (int x = 0; x < width; ++x) {
      const float px = position(x, picture.width, width);
      const int x0 = static_cast<int>(px);
      const int x1 = std::min(x0 + 1, picture.width - 1);
      const float fx = px - static_cast<float>(x0);
      for (int c = 0; c < 3; ++c) {
        const float top = pixel(y0, x0, c) * (1 - fx) + pixel(y0, x1, c) * fx;
        const float bottom = pixel(y1, x0, c) * (1 - fx) + pixel(y1, x1, c) * fx;
        out.rgb[at++] = static_cast<uint8_t>(top * (1 - fy) + bottom * fy + 0.5F);
      }
    }
  }
  return out;
}

}  // namespace thaw
