// Tokens of protobuf's text format, with line numbers; enough for label maps.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thaw {

enum class TokenKind { kEnd, kName, kNumber, kString, kPunctuation };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // of a string its value, escapes resolved and neighbours joined
  size_t line = 0;

  bool is(char punctuation) const {
    return kind == TokenKind::kPunctuation && text[0] == punctuation;
  }
  // As an error message calls it.
  std::string str() const;
};

// Reads one token ahead. Throws InputError "FILE:LINE: ...".
class TextProtoReader {
 public:
  TextProtoReader(std::string_view text, std::string file);

  const Token& peek() const { return next_; }
  Token take();
  // Skips the value behind an unknown field's name: a scalar, a list or a message, however nested.
  void skip_value();
  // The ':' that scalars need and messages may have.
  void skip_colon();
  [[noreturn]] void fail(size_t line, const std::string& message) const;

 private:
  void advance();
  void skip_blanks();
  Token scan();
  void scan_string(Token& token);
  void scan_escape(std::string& out);
  char32_t scan_digits(int base, size_t max_count);
  void skip_nested();

  std::string_view text_;
  std::string file_;
  size_t at_ = 0;
  size_t line_ = 1;
  Token next_;
};

}  // namespace thaw
