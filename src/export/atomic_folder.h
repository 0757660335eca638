// Folders that appear complete or not at all.
#pragma once

#include <memory>
#include <string>

#include "base/temporary.h"

namespace thaw {

// Where links lead, as far as it exists; without a slash at its end.
std::string true_path(const std::string& path);

// A folder that is filled under another name beside `path` and takes its place with commit(), in
// one step where the system can exchange two folders. Without commit() it is removed again.
class AtomicFolder {
 public:
  // Throws UsageError when `path` exists and is not an empty folder, unless `replace`. A file that
  // is in the way is never replaced.
  AtomicFolder(const std::string& path, bool replace);
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  // Where it is filled.
  const std::string& temporary() const { return filled_; }
  void commit();

 private:
  std::string path_;  // where links lead
  bool replace_;
  std::unique_ptr<Temporary> unfinished_;  // holds the folder, and the replaced one afterwards
  std::string filled_;
};

}  // namespace thaw
