#include "detect/label_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/input_file.h"
#include "base/near_names.h"
#include "base/utf8.h"
#include "detect/label_text.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{128} << 20;
constexpr size_t kMaxNameBytes = 1000;

size_t line_of(std::string_view text, size_t offset) {
  return 1 + static_cast<size_t>(std::count(text.begin(), text.begin() + offset, '\n'));
}

void check_text(std::string_view text, const std::string& name) {
  const size_t bad = std::min(find_bad_utf8(text), text.find('\0'));
  if (bad != std::string_view::npos)
    throw InputError(fmt::format("{}:{}: UTF-8 text was expected, found the byte 0x{:02x}", name,
                                 line_of(text, bad), static_cast<unsigned char>(text[bad])));
}

bool is_pbtxt_name(const std::string& name) {
  constexpr std::string_view kEnding = ".pbtxt";
  return name.size() >= kEnding.size() &&
         lower_case(name.substr(name.size() - kEnding.size())) == kEnding;
}

// All of `text` as a number.
bool is_id(const std::string& text, int& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

LabelMap LabelMap::read(const std::string& path) {
  return parse(InputFile(path).read_all(kMaxFileBytes), path);
}

LabelMap LabelMap::parse(std::string_view text, const std::string& name) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (trimmed(text).empty()) throw InputError(fmt::format("{}: the label map is empty", name));
  check_text(text, name);
  const bool items = begins_with_item(text) || is_pbtxt_name(name);
  LabelMap labels;
  if (items)
    parse_label_items(text, name, labels);
  else
    parse_label_lines(text, name, labels);
  if (labels.size() == 0)
    throw InputError(fmt::format(
        "{}: no labels; `item {{ id: 1 name: \"cat\" }}` or one name a line was expected", name));
  return labels;
}

void LabelMap::add(int id, std::string name, size_t line, const std::string& file) {
  if (name.size() > kMaxNameBytes)
    throw InputError(fmt::format("{}:{}: a name of {} bytes, at most {} are allowed", file, line,
                                 name.size(), kMaxNameBytes));
  if (find_bad_utf8(name) != std::string_view::npos)
    throw InputError(fmt::format("{}:{}: the name is no UTF-8 text", file, line));
  if (name.empty()) name = std::to_string(id);
  const auto [at, is_new] = names_.try_emplace(id, Entry{std::move(name), line});
  if (!is_new)
    throw InputError(fmt::format("{}: the id {} stands twice, in line {} (\"{}\") and in line {}",
                                 file, id, at->second.line, at->second.name, line));
}

std::string LabelMap::name(int id) const {
  const auto at = names_.find(id);
  return at == names_.end() ? std::to_string(id) : at->second.name;
}

std::vector<int> LabelMap::ids(const std::vector<std::string>& labels) const {
  std::unordered_set<std::string> wanted;
  for (const std::string& label : labels) wanted.insert(lower_case(trimmed(label)));
  std::set<int> found;
  std::unordered_set<std::string> known;
  for (const auto& [id, entry] : names_) {
    const std::string name = lower_case(entry.name);
    if (wanted.count(name) == 0) continue;
    found.insert(id);
    known.insert(name);
  }
  for (const std::string& label : wanted) {
    if (known.count(label) != 0) continue;
    int id = 0;
    if (is_id(label, id)) {
      found.insert(id);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& entry : names_) names.push_back(entry.second.name);
    throw InputError(fmt::format("there is no class called \"{}\"{}", label,
                                 near_names_text(label, std::move(names))));
  }
  return {found.begin(), found.end()};
}

}  // namespace thaw
