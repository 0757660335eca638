#include "cli/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

// Digits only, at most 18 of them; -1 for anything else.
int64_t parse_count(const std::string& text) {
  if (text.empty() || text.size() > 18) return -1;
  for (const char c : text)
    if (c < '0' || c > '9') return -1;
  return std::strtoll(text.c_str(), nullptr, 10);
}

[[noreturn]] void refuse(const std::string& option, const std::string& text, const char* expected) {
  throw UsageError(fmt::format("{} {}: {} was expected", option, text, expected));
}

}  // namespace

Shape parse_shape(const std::string& option, const std::string& text) {
  std::vector<int64_t> dims;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('x', begin), text.size());
    const int64_t dim = parse_count(text.substr(begin, end - begin));
    if (dim < 0 || dim > (int64_t{1} << 31) || dims.size() == Shape::kMaxRank)
      refuse(option, text, "a shape such as 1x360x640x3");
    dims.push_back(dim);
    begin = end + 1;
  }
  return Shape(dims);
}

std::vector<Shape> parse_shapes(const std::string& option, const std::vector<std::string>& texts) {
  std::vector<Shape> shapes;
  shapes.reserve(texts.size());
  for (const std::string& text : texts) shapes.push_back(parse_shape(option, text));
  return shapes;
}

std::vector<std::vector<Shape>> group_shapes(const std::string& option,
                                             const std::vector<Shape>& shapes,
                                             const std::vector<TensorInfo>& inputs) {
  std::vector<std::vector<Shape>> groups;
  const auto required = static_cast<size_t>(std::count_if(
      inputs.begin(), inputs.end(), [](const TensorInfo& info) { return !info.optional; }));
  if (shapes.empty()) return groups;
  if (required == 0 || shapes.size() % required != 0)
    throw UsageError(fmt::format("{}: {} shapes for {} inputs", option, shapes.size(), required));
  for (size_t next = 0; next < shapes.size();) {
    groups.emplace_back();
    for (const TensorInfo& info : inputs)
      groups.back().push_back(info.optional ? Shape::unknown() : shapes[next++]);
  }
  return groups;
}

size_t parse_bytes(const std::string& option, const std::string& text) {
  struct Unit {
    const char* name;
    double bytes;
  };
  constexpr Unit kUnits[] = {{"", 1},     {"B", 1},        {"KB", 1e3},      {"MB", 1e6},
                             {"GB", 1e9}, {"KIB", 1024.0}, {"MIB", 1048576}, {"GIB", 1073741824}};
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::string unit;
  for (; *end != '\0'; ++end)
    if (*end != ' ') unit += static_cast<char>(std::toupper(static_cast<unsigned char>(*end)));
  for (const Unit& known : kUnits)
    if (unit == known.name && std::isfinite(number) && number * known.bytes >= 1 &&
        number * known.bytes < 1e18)
      return static_cast<size_t>(number * known.bytes);
  refuse(option, text, "a size such as 512MiB or 3GB");
}

std::pair<std::string, float> parse_class_score(const std::string& option,
                                                const std::string& text) {
  const size_t equals = text.rfind('=');
  const char* number = equals == std::string::npos ? "" : text.c_str() + equals + 1;
  char* end = nullptr;
  const float score = std::strtof(number, &end);
  if (end == number || *end != '\0' || equals == 0)
    refuse(option, text, "label=score such as \"traffic light=0.3\"");
  return {text.substr(0, equals), score};
}

OutputRoles parse_roles(const std::string& option, const std::vector<std::string>& texts) {
  OutputRoles roles;
  const std::pair<const char*, std::string*> places[] = {{"boxes", &roles.boxes},
                                                         {"scores", &roles.scores},
                                                         {"classes", &roles.classes},
                                                         {"num", &roles.num}};
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    bool is_known = false;
    for (const auto& [role, tensor] : places) {
      if (equals == std::string::npos || equals + 1 == text.size() ||
          text.compare(0, equals, role) != 0)
        continue;
      if (!tensor->empty())
        throw UsageError(fmt::format("{} {}: {} is named twice", option, text, role));
      *tensor = text.substr(equals + 1);
      is_known = true;
    }
    if (!is_known)
      refuse(option, text, "role=tensor, the role one of boxes, scores, classes and num,");
  }
  return roles;
}

std::pair<int, int> parse_grid(const std::string& option, const std::string& text) {
  constexpr int64_t kMost = 256;
  const size_t cross = text.find('x');
  if (cross != std::string::npos) {
    const int64_t rows = parse_count(text.substr(0, cross));
    const int64_t columns = parse_count(text.substr(cross + 1));
    if (rows >= 1 && columns >= 1 && rows <= kMost && columns <= kMost && rows * columns <= kMost)
      return {static_cast<int>(rows), static_cast<int>(columns)};
  }
  refuse(option, text, "rows x columns such as 2x3, at most 256 tiles,");
}

std::array<float, 4> parse_region(const std::string& option, const std::string& text) {
  std::array<float, 4> region{};
  const char* at = text.c_str();
  bool fits = true;
  for (size_t i = 0; fits && i < region.size(); ++i) {
    char* end = nullptr;
    region[i] = std::strtof(at, &end);
    fits = end != at && *end == (i + 1 < region.size() ? ',' : '\0') && region[i] >= 0 &&
           region[i] <= 1 && (i < 2 || region[i] > region[i - 2]);
    at = end + 1;
  }
  if (!fits) refuse(option, text, "top,left,bottom,right in 0..1 such as 0.1,0,0.6,1");
  return region;
}

}  // namespace thaw::cli
