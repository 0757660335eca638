// Pictures and files that the image tests build themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thaw/picture.h"

namespace thaw {

// Smooth colours with a few hard edges; no two rows or columns alike.
inline Picture test_picture(int width, int height) {
  Picture picture;
  picture.width = width;
  picture.height = height;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x > width / 3 && y > height / 2;
      picture.rgb.push_back(static_cast<uint8_t>(255 * x / width));
      picture.rgb.push_back(static_cast<uint8_t>(255 * y / height));
      picture.rgb.push_back(static_cast<uint8_t>(inside ? 200 : 30 + (x + y) % 7));
    }
  }
  return picture;
}

inline int largest_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  int largest = a.size() == b.size() ? 0 : 256;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const int difference = a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
    if (difference > largest) largest = difference;
  }
  return largest;
}

inline std::string bytes_of(const std::vector<int>& values) {
  std::string bytes;
  for (int value : values) bytes += static_cast<char>(value);
  return bytes;
}

}  // namespace thaw
