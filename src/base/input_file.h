// Files as untrusted bytes: read whole or in part, never mapped, so that a file cut short by others
// while we read is an error and not a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace thaw {

// An open file for reading; throws InputError naming the path.
class InputFile {
 public:
  // Regular files only: a folder, a FIFO or a device is an error that says so.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  // Exactly `count` bytes from `offset`; throws where the file ends before.
  void read(uint64_t offset, void* out, size_t count) const;
  // All of it; throws InputError above `limit` bytes.
  std::string read_all(uint64_t limit) const;
  // Up to `count` bytes from the beginning.
  std::string head(size_t count) const;

 private:
  std::string path_;
  uint64_t size_ = 0;
  int fd_ = -1;
};

// "3 bytes", "18.1 MiB".
std::string byte_count_text(uint64_t bytes);

}  // namespace thaw
