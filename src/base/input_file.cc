#include "base/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw {
namespace {

const char* file_type_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
  if (!S_ISREG(info.st_mode))
    throw InputError(
        fmt::format("{}: a file was expected, found {}", path, file_type_name(info.st_mode)));
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
  size_ = static_cast<uint64_t>(info.st_size);
}

InputFile::~InputFile() {
  if (fd_ >= 0) ::close(fd_);
}

void InputFile::read(uint64_t offset, void* out, size_t count) const {
  auto* p = static_cast<char*>(out);
  while (count > 0) {
    const ssize_t got = ::pread(fd_, p, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw InputError(fmt::format("{}: reading at byte {}: {}", path_, offset, strerror(errno)));
    if (got == 0)
      throw InputError(
          fmt::format("{}: ends at byte {}, {} more were expected", path_, offset, count));
    p += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<size_t>(got);
  }
}

std::string InputFile::read_all(uint64_t limit) const {
  if (size_ > limit)
    throw InputError(fmt::format("{}: has {} ({} bytes), at most {} can be read", path_,
                                 byte_count_text(size_), size_, byte_count_text(limit)));
  std::string bytes(static_cast<size_t>(size_), '\0');
  read(0, bytes.data(), bytes.size());
  return bytes;
}

std::string InputFile::head(size_t count) const {
  std::string bytes(static_cast<size_t>(std::min<uint64_t>(size_, count)), '\0');
  read(0, bytes.data(), bytes.size());
  return bytes;
}

std::string read_file(const std::string& path, uint64_t limit) {
  return InputFile(path).read_all(limit);
}

std::string byte_count_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  if (bytes < 1024 * 1024 * 1024)
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024));
  return fmt::format("{:.2f} GiB", static_cast<double>(bytes) / (1024.0 * 1024 * 1024));
}

}  // namespace thaw
