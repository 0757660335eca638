// Text as code points.
#pragma once

#include <string>

namespace thaw::ref {

constexpr char32_t kNoCharacter = 0xffffffff;
// Bytes that are no UTF-8 become kNoCharacter each. Surrogates are taken as characters, as RE2
// does.
std::u32string decode_utf8(const std::string& bytes);
// Bytes of the character that starts at `at`: what its first byte says, cut at the end.
size_t utf8_length(const std::string& bytes, size_t at);

}  // namespace thaw::ref
