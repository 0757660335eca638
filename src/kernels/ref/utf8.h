// Text as code points.
#pragma once

#include <string>

namespace thaw::ref {

// Bytes that are no UTF-8 become U+FFFD each.
std::u32string decode_utf8(const std::string& bytes);
// Bytes of the character that starts at `at`: what its first byte says, cut at the end.
size_t utf8_length(const std::string& bytes, size_t at);

}  // namespace thaw::ref
