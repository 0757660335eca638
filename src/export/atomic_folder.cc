#include "export/atomic_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
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

// A sibling's name that no other writer uses at the moment.
std::string sibling(const std::string& path, const char* what) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}.{}-{}-{}", path, what, ::getpid(), counter++);
}

void rename_or_fail(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail(to, "renaming");
}

void remove_quietly(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

AtomicFolder::AtomicFolder(const std::string& path, bool replace) : path_(without_slash(path)) {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (fs::exists(status)) {
    if (!fs::is_directory(status))
      throw UsageError(fmt::format("{}: a file is in the way of the folder to be written", path_));
    if (!replace && !fs::is_empty(path_, error))
      throw UsageError(
          fmt::format("{}: exists and is not empty; remove it or ask to replace it", path_));
  }
  temporary_ = sibling(path_, "tmp");
  if (!fs::create_directories(temporary_, error) && error)
    throw ResourceError(fmt::format("{}: can't be created: {}", temporary_, error.message()));
}

AtomicFolder::~AtomicFolder() {
  if (!committed_) remove_quietly(temporary_);
}

void AtomicFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_))
    if (entry.is_directory()) sync_folder(entry.path().string());
  sync_folder(temporary_);
  const std::string old = sibling(path_, "old");
  const bool had_old = ::rename(path_.c_str(), old.c_str()) == 0;
  try {
    rename_or_fail(temporary_, path_);
  } catch (...) {
    if (had_old) ::rename(old.c_str(), path_.c_str());
    throw;
  }
  committed_ = true;
  sync_folder(parent_of(path_));
  if (had_old) remove_quietly(old);
}

}  // namespace thaw
