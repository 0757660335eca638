// Unfinished files and folders, beside what they will become.
//
// Each carries the sticky bit from the moment it is made, which nobody sets on files and hardly on
// folders of such a name, and is locked while its writer lives. What carries the bit and is not
// locked was left behind by a process that died: the next writer of the same target removes it.
// Where a file system knows neither bit nor lock such things stay.
#pragma once

#include <string>

namespace thaw {

// A new and empty file, or folder, called "TARGET.tmp-N"; removed with all that is in it when this
// goes out of scope. Throws ResourceError naming the target.
class Temporary {
 public:
  enum class Kind { kFile, kFolder };
  Temporary(const std::string& target, Kind kind);
  ~Temporary();
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  const std::string& path() const { return path_; }
  int fd() const { return fd_; }
  // It is there no more under that name: it has become the target.
  void forget() { path_.clear(); }

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace thaw
