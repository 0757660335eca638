// Text as code points.
#pragma once

#include <string>

namespace thaw::ref {

constexpr char32_t kNoCharacter = 0xffffffff;
// Bytes that are no UTF-8 become kNoCharacter each. Surrogates are taken as characters, as RE2
// does.
std::u32string decode_utf8(const std::string& bytes);

}  // namespace thaw::ref
