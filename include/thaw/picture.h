// Decoded pictures, and how they get from and to files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thaw {

// A decoded picture: RGB, height x width x 3, rows without gaps.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
};

// JPEG, PNG, BMP or GIF (its first frame), whatever the name's ending, turned upright by its EXIF
// orientation. Throws InputError naming the file. Damage that left the picture whole enough is
// described in `warning`, which is "" otherwise.
Picture read_picture(const std::string& path, std::string* warning = nullptr);
// The same from a file's bytes; `name` is what errors call them.
Picture decode_picture(std::string_view bytes, const std::string& name = "(memory)",
                       std::string* warning = nullptr);
// Brought to this size, bilinearly, a pixel being the area around its centre.
Picture resized(const Picture& picture, int width, int height);
// JPEG or PNG by the name's ending; the file appears whole or not at all.
void write_picture(const std::string& path, const Picture& picture);

}  // namespace thaw
