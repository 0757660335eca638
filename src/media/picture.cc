#include "thaw/picture.h"

#include <fmt/format.h>

#include <cctype>

#include "media/image.h"
#include "thaw/error.h"

namespace thaw {
namespace {

std::string lower_case_ending(const std::string& path) {
  const size_t dot = path.find_last_of("./");
  if (dot == std::string::npos || path[dot] == '/') return "";
  std::string ending = path.substr(dot + 1);
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

}  // namespace

Picture read_picture(const std::string& path, std::string* warning) {
  return read_image(path, {}, warning);
}

Picture decode_picture(std::string_view bytes, const std::string& name, std::string* warning) {
  return decode_image(bytes, name, {}, warning);
}

void write_picture(const std::string& path, const Picture& picture) {
  const std::string ending = lower_case_ending(path);
  if (ending == "png") return write_png(path, picture);
  if (ending == "jpg" || ending == "jpeg") return write_jpeg(path, picture);
  throw UsageError(fmt::format("{}: pictures are written as .jpg, .jpeg or .png", path));
}

}  // namespace thaw
