// Finds pictures by their file's name, whatever folder they are thought to be in.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace thaw {

class NameIndex {
 public:
  // The next place, counted from 0.
  void add(const std::string& path);
  // The place of the path that has the same last component and the most equal ones before it; -1
  // for none. Throws InputError, beginning with `what`, when two fit alike.
  int find(const std::string& path, const std::string& what) const;

 private:
  std::vector<std::string> paths_;
  std::unordered_map<std::string, std::vector<size_t>> places_;
};

}  // namespace thaw
