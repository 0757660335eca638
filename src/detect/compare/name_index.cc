#include "detect/compare/name_index.h"

#include <fmt/format.h>

#include "thaw/error.h"

namespace thaw {
namespace {

std::string last_component(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

// How many components at the end are the same; one more for equal paths.
size_t common_components(const std::string& a, const std::string& b) {
  if (a == b) return std::string::npos;
  size_t count = 0;
  for (auto x = a.rbegin(), y = b.rbegin();; ++x, ++y) {
    const bool a_ends = x == a.rend() || *x == '/';
    const bool b_ends = y == b.rend() || *y == '/';
    if (a_ends && b_ends) ++count;
    if (x == a.rend() || y == b.rend() || *x != *y) return count;
  }
}

}  // namespace

void NameIndex::add(const std::string& path) {
  places_[last_component(path)].push_back(paths_.size());
  paths_.push_back(path);
}

int NameIndex::find(const std::string& path, const std::string& what) const {
  const auto places = places_.find(last_component(path));
  if (places == places_.end()) return -1;
  size_t most = 0;
  int best = -1;
  bool is_tie = false;
  for (const size_t place : places->second) {
    const size_t common = common_components(path, paths_[place]);
    if (best >= 0 && common == most) is_tie = true;
    if (best >= 0 && common <= most) continue;
    is_tie = false;
    most = common;
    best = static_cast<int>(place);
  }
  if (is_tie) throw InputError(fmt::format("{}: more than one picture is called {}", what, path));
  return best;
}

}  // namespace thaw
