#include "kernels/ref/regex.h"

#include <fmt/core.h>

#include <algorithm>

#include "kernels/ref/ref.h"
#include "kernels/ref/utf8.h"

namespace thaw::ref {

// Recursive descent into a tree.
class RegexParser {
 public:
  explicit RegexParser(const std::string& pattern)
      : pattern_(pattern), text_(decode_utf8(pattern)) {}

  Regex::Node parse() {
    if (text_.find(kNoCharacter) != std::u32string::npos) refuse("is no UTF-8");
    Node tree = alternation();
    if (at_ < text_.size()) refuse("unmatched )");
    return tree;
  }

 private:
  using Node = Regex::Node;
  using Kind = Regex::Kind;
  using Span = Regex::Span;
  static constexpr int kDeepest = 50;
  static constexpr int kMostCopies = 1000;
  static constexpr char32_t kLastPoint = 0x10ffff;

  [[noreturn]] void refuse(const char* why) const {
    fail("RegexFullMatch", fmt::format("pattern '{}': {}", pattern_.substr(0, 200), why));
  }

  static bool is_word(char32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  bool take(char32_t c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  static void append(Node& to, Node child) {
    to.copies = std::max(to.copies, child.copies);
    to.children.push_back(std::move(child));
  }

  Node alternation() {
    if (++depth_ > kDeepest) refuse("nested too deeply");
    Node node{Kind::kAlternation};
    do append(node, sequence());
    while (take('|'));
    --depth_;
    return node;
  }

  Node sequence() {
    Node node{Kind::kSequence};
    while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') {
      Node piece = atom();
      Node repeat{Kind::kRepeat};
      if (repetition(repeat)) {
        append(repeat, std::move(piece));
        repeat.copies *= std::max(repeat.most < 0 ? repeat.least : repeat.most, 1);
        if (repeat.copies > kMostCopies) refuse("too many copies");
        piece = std::move(repeat);
      }
      append(node, std::move(piece));
    }
    return node;
  }

  bool repetition(Node& repeat) {
    if (take('*')) {
      repeat.least = 0;
    } else if (take('+')) {
      repeat.least = 1;
    } else if (take('?')) {
      repeat.least = 0;
      repeat.most = 1;
    } else if (!braces(repeat)) {
      return false;
    }
    take('?');  // a lazy repetition matches the same texts
    Node second{Kind::kRepeat};
    if (take('*') || take('+') || take('?') || braces(second))
      refuse("a repetition of a repetition");
    return true;
  }

  // -1 where there is none; no leading zeros.
  int number() {
    int n = -1;
    if (text_.compare(at_, 1, U"0") == 0 && at_ + 1 < text_.size() && text_[at_ + 1] >= '0' &&
        text_[at_ + 1] <= '9')
      return n;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && n <= kMostCopies)
      n = std::max(n, 0) * 10 + static_cast<int>(text_[at_++] - '0');
    return n;
  }

  // {n}, {n,} or {n,m}; anything else is literal text.
  bool braces(Node& repeat) {
    const size_t start = at_;
    if (!take('{')) return false;
    repeat.least = number();
    repeat.most = take(',') ? number() : repeat.least;
    if (repeat.least < 0 || !take('}')) {
      at_ = start;
      return false;
    }
    if (repeat.least > kMostCopies || repeat.most > kMostCopies ||
        (repeat.most >= 0 && repeat.most < repeat.least))
      refuse("a bad repetition");
    return true;
  }

  static Node one_of(std::vector<Span> spans, bool negated = false) {
    Node node{Kind::kSet};
    node.spans = std::move(spans);
    node.negated = negated;
    return node;
  }

  Node atom() {
    const char32_t c = text_[at_++];
    switch (c) {
      case '(':
        return group();
      case '[':
        return set();
      case '.':
        return one_of({{'\n', '\n'}}, true);
      case '^':
        return Node{Kind::kBegin};
      case '$':
        return Node{Kind::kEnd};
      case '*':
      case '+':
      case '?':
        refuse("a repetition of nothing");
      case '\\':
        break;
      default:
        return one_of({{c, c}});
    }
    if (take('A')) return Node{Kind::kBegin};
    if (take('z')) return Node{Kind::kEnd};
    Node node{Kind::kSet};
    escaped(node.spans);
    return node;
  }

  Node group() {
    if (take('?') && !take(':')) {
      if (!take('P') || !take('<')) refuse("unknown syntax behind (?");
      const size_t start = at_;
      while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] >= 0x80)) ++at_;
      if (at_ == start || !take('>')) refuse("a bad name of a group");
    }
    Node node = alternation();
    if (!take(')')) refuse("missing )");
    return node;
  }

  static void add(std::vector<Span>& to, std::vector<Span> spans, bool negated) {
    if (!negated) {
      to.insert(to.end(), spans.begin(), spans.end());
      return;
    }
    char32_t from = 0;  // spans are in order
    for (const Span& s : spans) {
      if (s.first > from) to.push_back({from, s.first - 1});
      from = s.last + 1;
    }
    to.push_back({from, kLastPoint});
  }

  // At most so many digits behind what they continue.
  char32_t digits(char32_t base, size_t most, char32_t point = 0) {
    for (size_t end = std::min(at_ + most, text_.size()); at_ < end; ++at_) {
      const char32_t c = text_[at_];
      const char32_t digit = c >= '0' && c <= '9'   ? c - '0'
                             : c >= 'a' && c <= 'f' ? c - 'a' + 10
                             : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                    : base;
      if (digit >= base) break;
      point = point * base + digit;
    }
    return point;
  }

  // Behind \x: two digits, or up to six in braces.
  Span hexadecimal() {
    const bool braces = take('{');
    const size_t start = at_;
    const char32_t point = digits(16, braces ? 6 : 2);
    const bool whole = braces ? at_ > start && take('}') : at_ == start + 2;
    if (!whole || point > kLastPoint) refuse("an unknown escape");
    return {point, point};
  }

  // What follows a backslash, in a class or outside one.
  void escaped(std::vector<Span>& to) {
    if (at_ >= text_.size()) refuse("a \\ at the end");
    const char32_t c = text_[at_++];
    switch (c) {
      case 'd':
      case 'D':
        return add(to, {{'0', '9'}}, c == 'D');
      case 'w':
      case 'W':
        return add(to, {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, c == 'W');
      case 's':
      case 'S':
        return add(to, {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}, c == 'S');
      case 'n':
        return to.push_back({'\n', '\n'});
      case 't':
        return to.push_back({'\t', '\t'});
      case 'r':
        return to.push_back({'\r', '\r'});
      case 'f':
        return to.push_back({'\f', '\f'});
      case 'v':
        return to.push_back({'\v', '\v'});
      case 'a':
        return to.push_back({'\a', '\a'});
      case 'x':
        return to.push_back(hexadecimal());
      default:
        break;
    }
    const bool octal = at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7';
    if (c == '0' || (c >= '1' && c <= '7' && octal)) {
      const auto point = digits(8, 2, c - '0');
      return to.push_back({point, point});
    }
    if ((is_word(c) && c != '_') || c >= 0x80) refuse("an unknown escape");
    to.push_back({c, c});
  }

  // [:alpha:] and the like behind an opening bracket.
  bool posix_class(std::vector<Span>& to) {
    if (text_.compare(at_, 2, U"[:") != 0) return false;
    const size_t end = text_.find(U":]", at_ + 2);
    if (end == std::u32string::npos) return false;
    std::u32string name = text_.substr(at_ + 2, end - at_ - 2);
    const bool negated = !name.empty() && name[0] == '^';
    if (negated) name.erase(0, 1);
    static const struct {
      const char32_t* name;
      std::vector<Span> spans;
    } kClasses[] = {
        {U"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {U"alpha", {{'A', 'Z'}, {'a', 'z'}}},
        {U"digit", {{'0', '9'}}},
        {U"lower", {{'a', 'z'}}},
        {U"upper", {{'A', 'Z'}}},
        {U"space", {{'\t', '\r'}, {' ', ' '}}},
        {U"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {U"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
        {U"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
    };
    for (const auto& known : kClasses) {
      if (name != known.name) continue;
      add(to, known.spans, negated);
      at_ = end + 2;
      return true;
    }
    refuse("an unknown [:class:]");
  }

  // One character of a class, or what an escape stands for.
  void member(std::vector<Span>& to) {
    if (at_ >= text_.size()) refuse("missing ]");
    if (take('\\')) return escaped(to);
    to.push_back({text_[at_], text_[at_]});
    ++at_;
  }

  Node set() {
    Node node = one_of({}, take('^'));
    for (bool first = true; first || !take(']'); first = false) {
      if (posix_class(node.spans)) continue;
      const size_t before = node.spans.size();
      member(node.spans);
      const bool range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      if (!range) continue;
      ++at_;
      std::vector<Span> last;
      member(last);
      Span& span = node.spans.back();
      const bool single = last.size() == 1 && last[0].first == last[0].last &&
                          node.spans.size() == before + 1 && span.first == span.last;
      if (!single || last[0].first < span.first) refuse("a bad range");
      span.last = last[0].first;
    }
    return node;
  }

  const std::string& pattern_;
  std::u32string text_;
  size_t at_ = 0;
  int depth_ = 0;
};

Regex::Regex(const std::string& pattern) {
  const size_t match = emit({Code::kMatch});
  start_ = build(RegexParser(pattern).parse(), match);
}

size_t Regex::emit(Instruction instruction) {
  constexpr size_t kMostInstructions = 20000;
  if (program_.size() >= kMostInstructions) fail("RegexFullMatch", "the pattern is too large");
  program_.push_back(std::move(instruction));
  return program_.size() - 1;
}

// The program is built from the back: `follow` is the instruction behind the node's, the result the
// one that the node starts with.
size_t Regex::build(const Node& node, size_t follow) {
  constexpr size_t kMostBuilt = 500'000;
  built_ += 1 + node.spans.size();
  if (built_ > kMostBuilt) fail("RegexFullMatch", "the pattern is too large");
  switch (node.kind) {
    case Kind::kSet:
      return emit({Code::kSet, node.negated, node.spans, follow, 0});
    case Kind::kBegin:
      return emit({Code::kBegin, false, {}, follow, 0});
    case Kind::kEnd:
      return emit({Code::kEnd, false, {}, follow, 0});
    case Kind::kSequence:
      for (size_t i = node.children.size(); i-- > 0;) follow = build(node.children[i], follow);
      return follow;
    case Kind::kAlternation: {
      size_t start = build(node.children[0], follow);
      for (size_t i = 1; i < node.children.size(); ++i) {
        const size_t other = build(node.children[i], follow);
        start = emit({Code::kSplit, false, {}, start, other});
      }
      return start;
    }
    case Kind::kRepeat:
      break;
  }
  const Node& part = node.children[0];
  size_t start = follow;
  if (node.most < 0) {
    const size_t loop = emit({Code::kSplit, false, {}, 0, follow});
    const size_t body = build(part, loop);
    program_[loop].next = body;
    start = loop;
  }
  for (int i = node.least; i < node.most; ++i) {
    const size_t body = build(part, start);
    start = emit({Code::kSplit, false, {}, body, follow});
  }
  for (int i = 0; i < node.least; ++i) start = build(part, start);
  return start;
}

// Adds a thread at `start` and all that it reaches without taking a character.
void Regex::add_thread(std::vector<size_t>& threads, std::vector<bool>& seen, size_t start,
                       bool at_begin, bool at_end) const {
  std::vector<size_t> open{start};
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    const Instruction& i = program_[at];
    if (i.code == Code::kSplit) open.push_back(i.other);
    if (i.code == Code::kSplit || (i.code == Code::kBegin && at_begin) ||
        (i.code == Code::kEnd && at_end))
      open.push_back(i.next);
    if (i.code == Code::kSet || i.code == Code::kMatch) threads.push_back(at);
  }
}

bool Regex::matches(const std::string& text) const {
  const std::u32string points = decode_utf8(text);
  std::vector<size_t> threads;
  std::vector<bool> seen(program_.size());
  add_thread(threads, seen, start_, true, points.empty());
  for (size_t p = 0; p < points.size() && !threads.empty(); ++p) {
    std::vector<size_t> next;
    seen.assign(program_.size(), false);
    for (size_t at : threads) {
      const Instruction& i = program_[at];
      if (i.code != Code::kSet || points[p] == kNoCharacter)
        continue;  // not even [^a] matches that
      const bool in = std::any_of(i.spans.begin(), i.spans.end(), [&](const Span& s) {
        return points[p] >= s.first && points[p] <= s.last;
      });
      if (in != i.negated) add_thread(next, seen, i.next, false, p + 1 == points.size());
    }
    threads.swap(next);
  }
  return std::any_of(threads.begin(), threads.end(),
                     [&](size_t at) { return program_[at].code == Code::kMatch; });
}

}  // namespace thaw::ref
