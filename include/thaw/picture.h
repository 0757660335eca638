// Decoded pictures, and how they get from and to files.
// Functions here may be called from any thread, several at the same time too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thaw {

// A decoded picture: RGB, height x width x 3, rows without gaps. Sizes in pixels.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
};

// JPEG, PNG, BMP or GIF (its first frame), whatever the name's ending, turned upright by its EXIF
// orientation. Throws InputError naming the file, ResourceError when memory is short. Damage that
// left the picture whole enough is described in `warning`, which is "" otherwise.
Picture read_picture(const std::string& path, std::string* warning = nullptr);
// The same from a file's bytes; `name` is what errors call them.
Picture decode_picture(std::string_view bytes, const std::string& name = "(memory)",
                       std::string* warning = nullptr);
// Brought to this size, bilinearly, a pixel being the area around its centre. Neither
// picture may be empty, which is not checked.
Picture resized(const Picture& picture, int width, int height);
// JPEG or PNG by the name's ending; the file appears whole or not at all. Throws UsageError for
// other endings, InputError for an empty picture or more than 65500 pixels a side of a JPEG,
// ResourceError where it can't be written.
void write_picture(const std::string& path, const Picture& picture);

}  // namespace thaw
