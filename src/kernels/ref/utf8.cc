#include "kernels/ref/utf8.h"

#include <algorithm>

namespace thaw::ref {

namespace {

size_t claimed_length(unsigned char first) {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

// Bytes of the character that starts at `at`: what its first byte says, cut at the end.
size_t length_at(const std::string& bytes, size_t at) {
  return std::min(claimed_length(static_cast<unsigned char>(bytes[at])), bytes.size() - at);
}

}  // namespace

std::u32string decode_utf8(const std::string& bytes) {
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  std::u32string text;
  for (size_t i = 0; i < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const size_t n = length_at(bytes, i);
    char32_t c = n == 1 ? first : first & (0x7fU >> n);
    bool valid = n == claimed_length(first) && (n > 1 ? first < 0xf8 : first < 0x80);
    for (size_t k = 1; k < n; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      valid = valid && (next & 0xc0) == 0x80;
      c = c << 6 | (next & 0x3f);
    }
    valid = valid && c >= kSmallest[n] && c <= 0x10ffff;
    text.push_back(valid ? c : kNoCharacter);
    i += valid ? n : 1;
  }
  return text;
}

}  // namespace thaw::ref
