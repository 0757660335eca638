// Ids in the order in which they came, such as the nodes that read a value. The first and the last
// go in little time, so that graphs in which thousands read one value can be taken apart from
// either end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace thaw {

class IdList {
 public:
  using Id = uint32_t;

  size_t size() const { return ids_.size() - first_; }
  bool empty() const { return ids_.size() == first_; }
  Id operator[](size_t i) const { return ids_[first_ + i]; }
  Id* begin() { return ids_.data() + first_; }
  Id* end() { return ids_.data() + ids_.size(); }
  const Id* begin() const { return ids_.data() + first_; }
  const Id* end() const { return ids_.data() + ids_.size(); }

  void push_back(Id id) { ids_.push_back(id); }
  void clear() {
    ids_.clear();
    first_ = 0;
  }
  // Drops one entry of the id; false when there is none.
  bool erase_one(Id id) {
    for (size_t i = first_, j = ids_.size(); i < j; ++i) {
      if (ids_[i] == id) return erase_front(i);
      if (ids_[--j] == id) return erase_back(j);
    }
    return false;
  }

 private:
  bool erase_front(size_t i) {
    const auto begin = ids_.begin() + static_cast<std::ptrdiff_t>(first_);
    std::copy_backward(begin, ids_.begin() + static_cast<std::ptrdiff_t>(i),
                       ids_.begin() + static_cast<std::ptrdiff_t>(i + 1));
    if (++first_ == ids_.size()) clear();
    return true;
  }
  bool erase_back(size_t i) {
    ids_.erase(ids_.begin() + static_cast<std::ptrdiff_t>(i));
    return true;
  }

  std::vector<Id> ids_;
  size_t first_ = 0;  // what lies before is gone
};

}  // namespace thaw
