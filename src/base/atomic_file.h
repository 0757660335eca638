// Files that appear whole or not at all: written under a temporary name in the same folder, synced
// and renamed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thaw {

// A file being written; unless committed it leaves nothing behind. A pipe or a device at that name
// is written to directly. Throws ResourceError naming the path.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  // Without `sync` a power cut may leave an empty file, but no process ever sees a half one.
  void commit(bool sync = true);

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_;  // as the user named it, for messages
  std::string target_;
  std::string temporary_;  // "" when written directly or committed
  int fd_ = -1;
};

// Creates, writes and commits.
void write_file(const std::string& path, std::string_view bytes, bool sync = true);

}  // namespace thaw
