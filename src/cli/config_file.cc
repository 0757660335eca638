#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  std::vector<ConfigEntry> entries() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    std::vector<ConfigEntry> entries;
    for (skip_to_token(); at_ < text_.size(); skip_to_token()) entries.push_back(entry());
    return entries;
  }

 private:
  [[noreturn]] void fail(size_t at, const std::string& what) const {
    const auto line =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    throw UsageError(fmt::format("{}:{}: {}", path_, line + 1, what));
  }

  char here() const { return at_ < text_.size() ? text_[at_] : '\n'; }

  void skip_spaces() {
    while (at_ < text_.size() && (here() == ' ' || here() == '\t' || here() == '\r')) ++at_;
  }

  void skip_comment() {
    if (here() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
  }

  // Over empty lines and comments too.
  void skip_to_token() {
    for (;;) {
      skip_spaces();
      skip_comment();
      if (at_ >= text_.size() || here() != '\n') return;
      ++at_;
    }
  }

  // Up to one of `ends` or the line's end.
  std::string bare(std::string_view ends) {
    const size_t begin = at_;
    while (here() != '\n' && ends.find(here()) == std::string_view::npos) ++at_;
    std::string_view word = text_.substr(begin, at_ - begin);
    word = word.substr(0, word.find_last_not_of(" \t\r") + 1);
    return std::string(word);
  }

  std::string text_or_word(std::string_view ends) {
    if (here() != '"' && here() != '\'') return bare(ends);
    const size_t begin = at_++;
    const size_t end = text_.find_first_of(std::string{text_[begin], '\n'}, at_);
    if (end == std::string_view::npos || text_[end] == '\n')
      fail(begin, "the text that begins here does not end on its line");
    std::string text(text_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }

  void read_array(std::vector<std::string>& values) {
    const size_t begin = at_++;
    const auto next = [&] {
      skip_to_token();
      if (at_ >= text_.size()) fail(begin, "the array that begins here never ends");
    };
    for (next(); here() != ']'; next()) {
      const size_t value = at_;
      values.push_back(text_or_word(",]#"));
      if (at_ == value) fail(at_, "a value was expected in the array");
      next();
      if (here() == ',') {
        ++at_;
      } else if (here() != ']') {
        fail(at_, "',' or ']' was expected in the array");
      }
    }
    ++at_;
  }

  ConfigEntry entry() {
    const size_t begin = at_;
    ConfigEntry entry;
    entry.name = text_or_word("=#");
    skip_spaces();
    if (here() != '=' || entry.name.empty()) fail(begin, "'name = value' was expected");
    ++at_;
    skip_spaces();
    if (here() == '[')
      read_array(entry.values);
    else
      entry.values.push_back(text_or_word("#"));
    skip_spaces();
    skip_comment();
    if (here() != '\n') fail(at_, fmt::format("the end of '{}' was expected", entry.name));
    return entry;
  }

  const std::string_view text_;
  const std::string& path_;
  size_t at_ = 0;
};

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& path) {
  return Parser(text, path).entries();
}

}  // namespace thaw::cli
