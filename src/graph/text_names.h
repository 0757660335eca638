// Words and strings of the text form, for its writer and its parser.
#pragma once

#include <string>

namespace thaw {

inline bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/' || c == '-';
}
// A name that needs no quotes.
bool is_plain_name(const std::string& s);
std::string quoted(const std::string& s);

}  // namespace thaw
