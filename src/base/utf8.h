// UTF-8 in text from outside.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thaw {

// Bytes of the character at the beginning of `text`; 0 where that is no valid UTF-8 (overlong
// forms, surrogates and values past U+10FFFF included).
size_t utf8_length(std::string_view text);

// Offset of the first byte that is no valid UTF-8; npos when all of it is.
size_t find_bad_utf8(std::string_view text);

void append_utf8(std::string& text, char32_t character);

}  // namespace thaw
