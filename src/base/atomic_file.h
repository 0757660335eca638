// Files that appear whole or not at all: written under a temporary name in the same folder, synced
// and renamed.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/temporary.h"

namespace thaw {

// A file being written; unless committed it leaves nothing behind. A pipe or a character device at
// that name is written to directly, and so is the file that standard output or standard error goes
// to. Throws ResourceError naming the path, also for a folder, a disk, a socket and a symbolic link
// to nothing.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  // The name of what is written so far; "" when written directly.
  std::string temporary() const { return temporary_ ? temporary_->path() : ""; }
  // Without `sync` a power cut may leave an empty file, but no process ever sees a half one.
  void commit(bool sync = true);

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_;                      // as the user named it, for messages
  std::string target_;                    // where links lead
  mode_t mode_ = 0;                       // that it will have
  std::unique_ptr<Temporary> temporary_;  // none when written directly or committed
  int fd_ = -1;
};

// Standard output or standard error where they go to that file, -1 else: what the shell has opened
// is written to and not replaced under its hands.
int standard_stream(const struct stat& file);

// Creates, writes and commits.
void write_file(const std::string& path, std::string_view bytes, bool sync = true);

}  // namespace thaw
