// Names of a detector's classes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace thaw {

// Read from a label map (`item { id: 1 name: "x" display_name: "y" }`, protobuf text, known by its
// first `item {`) or from a list of one name a line. A list's ids are its line numbers, from 1, or
// from 0 when the first line stands for the background ("background", "unlabeled", "???"); lines
// that all begin with a number ("7 cat", "7: cat") carry their ids. UTF-8, with or without byte
// order mark. Display names win over names. Throws InputError naming file and line.
class LabelMap {
 public:
  static LabelMap read(const std::string& path);
  static LabelMap parse(std::string_view text, const std::string& name);

  size_t size() const { return names_.size(); }
  bool has(int id) const { return names_.count(id) != 0; }
  // The number as text when the id is unknown.
  std::string name(int id) const;
  // Ids in ascending order whose name is one of `labels` (upper and lower case alike); a number
  // stands for itself. Throws InputError, naming near ones, for a label that there is not.
  std::vector<int> ids(const std::vector<std::string>& labels) const;
  // An id that occurs twice is an error naming both lines; an empty name is the id's number.
  void add(int id, std::string name, size_t line, const std::string& file);

 private:
  struct Entry {
    std::string name;
    size_t line;
  };
  std::unordered_map<int, Entry> names_;
};

}  // namespace thaw
