#include "kernels/ref/regex.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw::ref {
namespace {

bool match(const std::string& pattern, const std::string& text) {
  return Regex(pattern).matches(text);
}

TEST(Regex, MatchesTheWholeText) {
  EXPECT_TRUE(match("abc", "abc"));
  EXPECT_FALSE(match("abc", "abcd"));
  EXPECT_FALSE(match("abc", "xabc"));
  EXPECT_TRUE(match("", ""));
  EXPECT_TRUE(match("^s3://.*", "s3://bucket/x"));
  EXPECT_FALSE(match("^s3://.*", "gs://bucket/x"));
}

TEST(Regex, RepeatsAndChooses) {
  EXPECT_TRUE(match("(a|bc)+d?", "abcbca"));
  EXPECT_FALSE(match("(a|bc)+", "abcb"));
  EXPECT_TRUE(match("a{2,3}", "aaa"));
  EXPECT_FALSE(match("a{2,3}", "aaaa"));
  EXPECT_TRUE(match("a{2,}", "aaaaa"));
  EXPECT_TRUE(match("x{,2}", "x{,2}"));  // no repetition: literal
  EXPECT_TRUE(match("a{01}", "a{01}"));
  EXPECT_FALSE(match("a{1,01}", "a"));
  EXPECT_TRUE(match("a{0}", ""));
  EXPECT_TRUE(match("(?:ab)*?", "abab"));
}

TEST(Regex, KnowsClasses) {
  EXPECT_TRUE(match("[a-c]+[^x-z]", "abcq"));
  EXPECT_FALSE(match("[a-c]+[^x-z]", "abcz"));
  EXPECT_TRUE(match("[]a-]+", "]-a"));
  EXPECT_TRUE(match("\\d+\\.\\w\\S", "12.a!"));
  EXPECT_TRUE(match("[[:alpha:]\\d]+", "a1"));
  EXPECT_TRUE(match(".", "\xc3\xa9"));  // one character of two bytes
  EXPECT_FALSE(match(".", "\n"));
}

TEST(Regex, KnowsCharactersByNumber) {
  EXPECT_TRUE(match("\\x41\\101\\x{e9}", "AA\xc3\xa9"));
  EXPECT_TRUE(match("[\\x41-\\x43]", "B"));
  EXPECT_FALSE(match("[^a]", "\xff"));  // not UTF-8
}

TEST(Regex, RefusesWhatItDoesNotKnow) {
  for (const char* bad : {"\\x", "\\x{110000}", "a{2}{3}", "\xff", "(", ")", "[a", "*", "a**", "\\",
                          "(?=a)", "\\1", "[z-a]", "a{3,2}"})
    EXPECT_THROW(Regex{bad}, InputError) << bad;
  for (const char* bad :
       {"(?P<>a)", "(?P<a-b>a)", "(?P<a", "a{33}{33}", "a*{2}", "a{2}+", "(a{501}){2}",
        "((a{10}){10}){11}", "(a{2,}){501}", "((){1000}){2}", "((a{1000}){1000}){1000}"})
    EXPECT_THROW(Regex{bad}, InputError) << bad;  // RE2 too
  for (const char* good :
       {"(?P<n1>a)(?P<n1>b)(?P<\xc3\xa9>c)", "(a{500}){2}", "(a{1000})*", "(a*){1000}",
        "((a{0}){10}){100}", "(a{300}){3,}", "(a{3}b{400}){2}", "(a{1000}b{1000}){0,1}"})
    EXPECT_NO_THROW(Regex{good}) << good;
  EXPECT_THROW(Regex{std::string(1000, '(')}, InputError);
}

TEST(Regex, BytesThatAreNoUtf8MatchNothing) {
  for (const char* bad : {"\xed\xa0", "\xff", "a\x80", "\xc0\x80"})
    EXPECT_THROW(Regex{bad}, InputError) << bad;
  EXPECT_FALSE(match(".", "\xff"));
  EXPECT_FALSE(match("[^a]", "\xff"));
  EXPECT_FALSE(match("\\D", "\x80"));
  EXPECT_FALSE(match(".*", "\xc3"));
  EXPECT_FALSE(match("..", "\xed\xa0"));
  EXPECT_FALSE(match("(.|\n)*", "a\xff"));
  EXPECT_FALSE(match("\xef\xbf\xbd", "\xff"));
  EXPECT_TRUE(match(".", "\xef\xbf\xbd"));
  EXPECT_TRUE(match("[^a]", "\xed\xa0\x80"));
}

TEST(Regex, StaysSmall) {
  std::string many(10'000, 'a');
  EXPECT_THROW(Regex{"([" + many + "]){1000}"}, InputError);
  many.clear();
  for (int i = 0; i < 10'000; ++i) many += "()";
  EXPECT_THROW(Regex{"(" + many + "){1000}"}, InputError);
}

TEST(Regex, TakesTimeLinearInTheText) {
  EXPECT_FALSE(match("(a*)*(a*)*(a|aa)*b", std::string(20000, 'a')));
}

}  // namespace
}  // namespace thaw::ref
