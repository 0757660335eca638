#include "base/temporary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <system_error>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kTries = 1000;

std::string name_of(const std::string& target, int number) {
  return fmt::format("{}.tmp-{}", target, number);
}

// Also without memory: then a folder stays, for the next writer.
void remove_all_quietly(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return;
  try {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  } catch (const std::exception&) {
    return;
  }
}

// Whether `path` still is what `fd` was opened as.
bool is_at(int fd, const std::string& path) {
  struct stat opened {};
  struct stat found {};
  return ::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

bool is_unfinished(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (info.st_mode & S_ISVTX) != 0 &&
         (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) && info.st_uid == ::geteuid();
}

// Removes what a process that died has left there; anything else stays.
void remove_left_over(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  if (is_unfinished(fd) && ::flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at(fd, path))
    remove_all_quietly(path);
  ::close(fd);
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

// -1 with errno when there can be none.
int make(const std::string& path, Temporary::Kind kind) {
  if (kind == Temporary::Kind::kFile)
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_ISVTX | 0666);
  if (::mkdir(path.c_str(), S_ISVTX | 0777) != 0) return -1;
  return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// False where another process took it for a left one before it was locked.
bool take_lock(int fd, const std::string& path) {
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  return is_at(fd, path);
}

}  // namespace

Temporary::Temporary(const std::string& target, Kind kind) {
  for (int i = 0; i < kTries && is_there(name_of(target, i)); ++i)
    remove_left_over(name_of(target, i));
  for (int i = 0; i < kTries; ++i) {
    path_ = name_of(target, i);
    fd_ = make(path_, kind);
    if (fd_ >= 0 && take_lock(fd_, path_)) return;
    const int error = fd_ >= 0 ? EEXIST : errno;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    if (error != EEXIST)
      throw ResourceError(fmt::format("{}: can't be written: {}", target, std::strerror(error)));
  }
  throw ResourceError(
      fmt::format("{}: can't be written: {} and all before it are in the way", target, path_));
}

Temporary::~Temporary() {
  if (!path_.empty()) remove_all_quietly(path_);
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace thaw
