// Regular expressions in RE2's syntax, as far as a full match without captures needs it. Time is
// linear in the text: a pattern from outside can't stall the program.
#pragma once

#include <string>
#include <vector>

namespace thaw::ref {

class Regex {
 public:
  // Throws InputError for what is malformed, too large (as in RE2, {n,m} within {n,m} make up to
  // 1000 copies), or beyond the syntax known here: literals, classes, groups, |, * + ? {n,m}, . ^
  // $, \d \w \s and escapes.
  explicit Regex(const std::string& pattern);
  // The whole text matches.
  bool matches(const std::string& text) const;

 private:
  friend class RegexParser;
  struct Span {
    char32_t first;
    char32_t last;
  };
  enum class Kind : unsigned char { kSet, kBegin, kEnd, kSequence, kAlternation, kRepeat };
  struct Node {
    Kind kind = Kind::kSet;
    bool negated = false;          // kSet
    std::vector<Span> spans = {};  // kSet
    std::vector<Node> children = {};
    int least = 0;   // kRepeat
    int most = -1;   // kRepeat; -1: any number
    int copies = 1;  // of what lies in it, through {n,m} within {n,m}
  };
  enum class Code : unsigned char { kSet, kSplit, kBegin, kEnd, kMatch };
  struct Instruction {
    Code code = Code::kMatch;
    bool negated = false;          // kSet
    std::vector<Span> spans = {};  // kSet
    size_t next = 0;
    size_t other = 0;  // kSplit
  };
  size_t emit(Instruction instruction);
  size_t build(const Node& node, size_t follow);
  void add_thread(std::vector<size_t>& threads, std::vector<bool>& seen, size_t start,
                  bool at_begin, bool at_end) const;

  std::vector<Instruction> program_;
  size_t built_ = 0;  // nodes and spans, copies included
  size_t start_ = 0;
};

}  // namespace thaw::ref
