#include "export/atomic_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const char* doing) {
  throw ResourceError(fmt::format("{}: {}: {}", path, doing, std::strerror(errno)));
}

void sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail(path, "syncing to disk");
  const int failed = ::fsync(fd);
  ::close(fd);
  // Some file systems can't sync folders and say so with EINVAL.
  if (failed != 0 && errno != EINVAL) fail(path, "syncing to disk");
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Both change places at once; false where the system or the file system has no such step. Asked of
// the kernel, for C libraries before glibc 2.28 have no function for it.
bool change_places(const std::string& a, const std::string& b) {
#if defined(SYS_renameat2)
  if (::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0)
    return true;
  if (errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP) fail(b, "renaming");
#endif
  return false;
}

void rename_or_fail(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail(to, "renaming");
}

// In two steps, between which there is neither.
void replace_in_two_steps(const std::string& filled, const std::string& path) {
  const std::string old = filled + ".old";
  rename_or_fail(path, old);
  if (::rename(filled.c_str(), path.c_str()) == 0) return;
  const int error = errno;
  ::rename(old.c_str(), path.c_str());
  errno = error;
  fail(path, "renaming");
}

}  // namespace

std::string true_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? without_slash(path) : real.string();
}

AtomicFolder::AtomicFolder(const std::string& path, bool replace)
    : path_(true_path(path)), replace_(false) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path_, error);
  if (fs::exists(status)) {
    if (!fs::is_directory(status))
      throw UsageError(fmt::format("{}: a file is in the way of the folder to be written", path));
    replace_ = !fs::is_empty(path_, error);
    if (replace_ && !replace)
      throw UsageError(
          fmt::format("{}: exists and is not empty; remove it or ask to replace it", path));
  }
  fs::create_directories(parent_of(path_), error);
  if (error)
    throw ResourceError(fmt::format("{}: can't be created: {}", parent_of(path_), error.message()));
  unfinished_ = std::make_unique<Temporary>(path_, Temporary::Kind::kFolder);
  filled_ = unfinished_->path() + "/" + fs::path(path_).filename().string();
  if (::mkdir(filled_.c_str(), 0777) != 0) fail(filled_, "can't be created");
}

void AtomicFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(filled_))
    if (entry.is_directory()) sync_folder(entry.path().string());
  sync_folder(filled_);
  if (!replace_)
    rename_or_fail(filled_, path_);
  else if (!change_places(filled_, path_))
    replace_in_two_steps(filled_, path_);
  sync_folder(parent_of(path_));
  unfinished_.reset();
}

}  // namespace thaw
