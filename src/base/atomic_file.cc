#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "thaw/error.h"

namespace thaw {
namespace {

// Where a chain of symbolic links ends, so that the rename replaces the file and not the link.
std::string resolved(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string out = real;
  std::free(real);
  return out;
}

// A new file beside `target`, with the mode that new files get here; its name goes to `path`. -1
// with errno when there can be none.
int open_temporary(const std::string& target, std::string& path) {
  static std::atomic<unsigned> count{0};
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    path = fmt::format("{}.{}-{}.tmp", target, ::getpid(), count++);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(resolved(path)) {
  struct stat info {};
  const bool exists = ::stat(path_.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    throw ResourceError(fmt::format("{}: can't be written: it is a folder", path_));
  if (exists && !S_ISREG(info.st_mode)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) fail("can't be written");
    return;
  }
  if (exists && ::access(target_.c_str(), W_OK) != 0) fail("can't be written");
  fd_ = open_temporary(target_, temporary_);
  if (fd_ < 0) {
    temporary_.clear();
    fail("can't be written");
  }
  if (exists) ::fchmod(fd_, info.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* what) const {
  throw ResourceError(fmt::format("{}: {}: {}", path_, what, std::strerror(errno)));
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("writing failed");
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void AtomicFile::commit(bool sync) {
  if (sync && !temporary_.empty() && ::fsync(fd_) != 0) fail("writing failed");
  const int closed = ::close(fd_);
  fd_ = -1;
  if (closed != 0) fail("writing failed");
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("can't be replaced");
  temporary_.clear();
}

void write_file(const std::string& path, std::string_view bytes, bool sync) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit(sync);
}

}  // namespace thaw
