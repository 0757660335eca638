#include "thaw/printable.h"

#include <cstdint>

#include "base/utf8.h"

namespace thaw {
namespace {

// `bytes` are one valid character.
bool is_harmless(std::string_view bytes) {
  const auto byte = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (bytes.size() == 1) return byte(0) >= 0x20 && byte(0) != 0x7F;
  if (bytes.size() == 2)
    return (byte(0) != 0xC2 || byte(1) >= 0xA0) && bytes != "\u061C";  // C1; Arabic letter mark
  if (bytes.size() == 3 && byte(0) == 0xE2) {
    // U+200E and U+200F, U+2028 to U+202E, U+2066 to U+2069.
    if (byte(1) == 0x80)
      return byte(2) != 0x8E && byte(2) != 0x8F && (byte(2) < 0xA8 || byte(2) > 0xAE);
    if (byte(1) == 0x81) return byte(2) < 0xA6 || byte(2) > 0xA9;
  }
  return true;
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out += "\\x";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view bytes = text.substr(0, length == 0 ? 1 : length);
    if (length != 0 && is_harmless(bytes))
      out += bytes;
    else
      append_escaped(out, bytes);
    text.remove_prefix(bytes.size());
  }
  return out;
}

}  // namespace thaw
