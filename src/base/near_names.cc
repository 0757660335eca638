#include "base/near_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <utility>

namespace thaw {
namespace {

constexpr size_t kShown = 3;
constexpr size_t kMaxCompared = 64;  // bytes of a name

bool same_letter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

// Letters to insert, delete or replace (Levenshtein).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

bool holds(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) != text.end();
}

}  // namespace

std::string near_names_text(std::string_view wanted, std::vector<std::string> names) {
  wanted = wanted.substr(0, kMaxCompared);
  std::vector<std::pair<size_t, std::string>> near;
  for (std::string& name : names) {
    const std::string_view compared = std::string_view(name).substr(0, kMaxCompared);
    const bool contains = (wanted.size() >= 3 && holds(compared, wanted)) ||
                          (compared.size() >= 3 && holds(wanted, compared));
    const size_t distance = contains ? 1 : edit_distance(wanted, compared);
    if (distance <= std::max<size_t>(1, wanted.size() / 3))
      near.emplace_back(distance, std::move(name));
  }
  std::sort(near.begin(), near.end());
  if (near.size() > kShown) near.resize(kShown);
  std::string text;
  for (size_t i = 0; i < near.size(); ++i)
    text += fmt::format("{}\"{}\"",
                        i == 0                 ? ""
                        : i + 1 == near.size() ? " or "
                                               : ", ",
                        near[i].second);
  return text.empty() ? "" : "; did you mean " + text + "?";
}

}  // namespace thaw
