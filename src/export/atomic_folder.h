// Folders that appear complete or not at all.
#pragma once

#include <string>

namespace thaw {

// A folder that is filled under a temporary name beside `path` and takes its place with commit().
// Without commit() it is removed again.
class AtomicFolder {
 public:
  // Throws UsageError when `path` exists and is not an empty folder, unless `replace`. A file that
  // is in the way is never replaced.
  AtomicFolder(const std::string& path, bool replace);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::string& temporary() const { return temporary_; }
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

}  // namespace thaw
