#include "thaw/printable.h"

#include <gtest/gtest.h>

namespace thaw {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  for (const char* text :
       {"", "traffic light", "Ampel grün", "交通灯", "\u2013 \u2070 \u00A0", "a\\b", "\U0001F6A6"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("line\nline\r\t\x7f"), "line\\x0aline\\x0d\\x09\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b31m"), "\\xc2\\x9b31m");
  for (const char* text :
       {"\u061C", "\u200E", "\u200F", "\u2028", "\u2029", "\u202A", "\u202E", "\u2066", "\u2069"})
    EXPECT_EQ(printable(text).rfind("\\x", 0), 0U) << text;
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("caf\xe9.jpg"), "caf\\xe9.jpg");
  EXPECT_EQ(printable("\xe2\x80"), "\\xe2\\x80");
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");
}

}  // namespace
}  // namespace thaw
