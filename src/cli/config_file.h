// The part of TOML that --config takes: `name = value` lines, where a value is a text in quotes, a
// number, true or false, or an array of these over one line or several; comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace thaw::cli {

struct ConfigEntry {
  std::string name;
  std::vector<std::string> values;  // of an array all, else one
};

// Throws UsageError that begins with "PATH:LINE: ".
std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& path);

}  // namespace thaw::cli
