#include "detect/text_proto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/utf8.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kQuotedInErrors = 40;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '/';
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

// What stands for itself or a control character behind a backslash; 0 for anything else.
char simple_escape(char c) {
  constexpr std::string_view kNames = "ntrabfv\\'\"?";
  constexpr std::string_view kValues = "\n\t\r\a\b\f\v\\'\"?";
  const size_t at = kNames.find(c);
  return at == std::string_view::npos ? '\0' : kValues[at];
}

}  // namespace

std::string Token::str() const {
  if (kind == TokenKind::kEnd) return "the end of the file";
  const std::string shown =
      text.size() <= kQuotedInErrors ? text : text.substr(0, kQuotedInErrors) + "...";
  return kind == TokenKind::kString ? "the string \"" + shown + '"' : "'" + shown + "'";
}

TextProtoReader::TextProtoReader(std::string_view text, std::string file)
    : text_(text), file_(std::move(file)) {
  advance();
}

void TextProtoReader::fail(size_t line, const std::string& message) const {
  throw InputError(fmt::format("{}:{}: {}", file_, line, message));
}

Token TextProtoReader::take() {
  Token taken = std::move(next_);
  advance();
  return taken;
}

void TextProtoReader::advance() {
  next_ = scan();
  while (next_.kind == TokenKind::kString) {
    skip_blanks();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) break;
    scan_string(next_);
  }
}

void TextProtoReader::skip_blanks() {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '#') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size()) return;
      ++line_;
    } else if (c == '\n') {
      ++line_;
    } else if (!std::isspace(static_cast<unsigned char>(c))) {
      return;
    }
  }
}

Token TextProtoReader::scan() {
  skip_blanks();
  Token token;
  token.line = line_;
  if (at_ >= text_.size()) return token;
  const char c = text_[at_];
  const bool number = std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+';
  if (c == '"' || c == '\'') {
    token.kind = TokenKind::kString;
    scan_string(token);
  } else if (number || is_word(c)) {
    token.kind = number ? TokenKind::kNumber : TokenKind::kName;
    do token.text += text_[at_++];
    while (at_ < text_.size() && is_word(text_[at_]));
  } else if (std::string_view("{}<>[]:,;").find(c) != std::string_view::npos) {
    token.kind = TokenKind::kPunctuation;
    token.text = text_[at_++];
  } else {
    fail(line_,
         fmt::format("the byte 0x{:02x}{} does not belong here", static_cast<unsigned char>(c),
                     std::isprint(static_cast<unsigned char>(c)) ? fmt::format(" ('{}')", c)
                                                                 : std::string()));
  }
  return token;
}

void TextProtoReader::scan_string(Token& token) {
  const char quote = text_[at_++];
  while (true) {
    if (at_ >= text_.size() || text_[at_] == '\n')
      fail(line_, fmt::format("a string has no closing {}", quote));
    const char c = text_[at_++];
    if (c == quote) return;
    if (c == '\\')
      scan_escape(token.text);
    else
      token.text += c;
  }
}

// Up to `max_count` digits; fails when there is none.
char32_t TextProtoReader::scan_digits(int base, size_t max_count) {
  char32_t value = 0;
  size_t count = 0;
  for (; count < max_count && at_ < text_.size() && digit_value(text_[at_]) < base; ++count)
    value = value * static_cast<char32_t>(base) + static_cast<char32_t>(digit_value(text_[at_++]));
  if (count == 0) fail(line_, "an escape in a string has no digits");
  return value;
}

void TextProtoReader::scan_escape(std::string& out) {
  if (at_ >= text_.size()) fail(line_, "a string ends in a backslash");
  const char c = text_[at_];
  if (c >= '0' && c <= '7') {
    out += static_cast<char>(scan_digits(8, 3));
    return;
  }
  ++at_;
  if (c == 'x' || c == 'X') {
    out += static_cast<char>(scan_digits(16, 2));
  } else if (c == 'u' || c == 'U') {
    const char32_t character = scan_digits(16, c == 'u' ? 4 : 8);
    if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
      fail(line_, "an escape in a string names no Unicode character");
    append_utf8(out, character);
  } else if (const char plain = simple_escape(c); plain != '\0') {
    out += plain;
  } else {
    fail(line_, fmt::format("a string has the unknown escape 0x{:02x} behind a backslash",
                            static_cast<unsigned char>(c)));
  }
}

void TextProtoReader::skip_colon() {
  if (next_.is(':')) take();
}

void TextProtoReader::skip_value() {
  skip_colon();
  if (next_.is('{') || next_.is('<') || next_.is('[')) return skip_nested();
  if (next_.kind == TokenKind::kEnd || next_.kind == TokenKind::kPunctuation)
    fail(next_.line, "a value was expected, found " + next_.str());
  take();
}

// Counts brackets instead of recursing: nesting may be as deep as it likes.
void TextProtoReader::skip_nested() {
  const size_t line = next_.line;
  size_t depth = 0;
  do {
    if (next_.kind == TokenKind::kEnd) fail(line, "a bracket is never closed");
    if (next_.is('{') || next_.is('<') || next_.is('[')) ++depth;
    if (next_.is('}') || next_.is('>') || next_.is(']')) --depth;
    take();
  } while (depth > 0);
}

}  // namespace thaw
