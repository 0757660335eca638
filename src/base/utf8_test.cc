#include "base/utf8.h"

#include <gtest/gtest.h>

namespace thaw {
namespace {

constexpr size_t kNone = std::string_view::npos;

TEST(Utf8, AcceptsWhatAppendWrites) {
  for (char32_t c : {U'a', U'é', U'€', U'\U0001F600', char32_t{0x10FFFF}}) {
    std::string text;
    append_utf8(text, c);
    EXPECT_EQ(utf8_length(text), text.size());
    EXPECT_EQ(find_bad_utf8("x" + text + "y"), kNone);
    EXPECT_EQ(find_bad_utf8(text.substr(0, text.size() - 1)), text.size() == 1 ? kNone : 0);
  }
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_bad_utf8("abc\xFF"), 3U);
  EXPECT_EQ(find_bad_utf8("\xC0\x80"), 0U);          // overlong
  EXPECT_EQ(find_bad_utf8("\xE0\x9F\xBF"), 0U);      // overlong
  EXPECT_EQ(find_bad_utf8("\xED\xA0\x80"), 0U);      // a surrogate
  EXPECT_EQ(find_bad_utf8("\xF4\x90\x80\x80"), 0U);  // above U+10FFFF
  EXPECT_EQ(find_bad_utf8("a\x80"), 1U);             // without a lead byte
}

}  // namespace
}  // namespace thaw
