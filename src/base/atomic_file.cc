#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "thaw/error.h"
#include "thaw/files.h"

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

}  // namespace

int standard_stream(const struct stat& file) {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat info {};
    if (::fstat(fd, &info) == 0 && info.st_dev == file.st_dev && info.st_ino == file.st_ino)
      return fd;
  }
  return -1;
}

AtomicFile::AtomicFile(const std::string& path) : path_(path), target_(resolved(path)) {
  const auto refuse = [&path](const char* found) {
    throw ResourceError(fmt::format("{}: can't be written: it is {}", path, found));
  };
  struct stat info {};
  const bool exists = ::stat(path_.c_str(), &info) == 0;
  if (!exists && ::lstat(path_.c_str(), &info) == 0 && S_ISLNK(info.st_mode))
    refuse("a symbolic link that leads nowhere");
  if (exists) {
    if (S_ISDIR(info.st_mode)) refuse("a folder");
    if (S_ISBLK(info.st_mode)) refuse("a disk");
    if (S_ISSOCK(info.st_mode)) refuse("a socket");
    const int stream = S_ISREG(info.st_mode) ? standard_stream(info) : -1;
    if (stream >= 0 || !S_ISREG(info.st_mode)) {
      fd_ = stream >= 0 ? ::fcntl(stream, F_DUPFD_CLOEXEC, 3)
                        : ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
      if (fd_ < 0) fail("can't be written");
      return;
    }
    if (::access(target_.c_str(), W_OK) != 0) fail("can't be written");
  }
  temporary_ = std::make_unique<Temporary>(target_, Temporary::Kind::kFile);
  fd_ = temporary_->fd();
  if (!exists && ::fstat(fd_, &info) != 0) fail("can't be written");
  mode_ = info.st_mode & 07777U & ~static_cast<mode_t>(S_ISVTX);
  if (exists) ::fchmod(fd_, mode_ | S_ISVTX);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0 && !temporary_) ::close(fd_);
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
  if (!temporary_) {
    const int closed = ::close(fd_);
    fd_ = -1;
    if (closed != 0) fail("writing failed");
    return;
  }
  if (sync && ::fsync(fd_) != 0) fail("writing failed");
  // Some file systems tell of a full disk only when a file is closed; this one stays locked.
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0 || ::close(copy) != 0) fail("writing failed");
  if (::rename(temporary_->path().c_str(), target_.c_str()) != 0) fail("can't be replaced");
  ::fchmod(fd_, mode_);
  temporary_->forget();
  temporary_.reset();
  fd_ = -1;
}

void write_whole_file(const std::string& path, const std::string& bytes) {
  write_file(path, bytes);
}

void write_file(const std::string& path, std::string_view bytes, bool sync) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit(sync);
}

}  // namespace thaw
