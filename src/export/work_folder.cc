#include "export/work_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <filesystem>
#include <system_error>
#include <thread>

#include "base/stop.h"
#include "export/atomic_folder.h"
#include "thaw/error.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
constexpr auto kBetweenTries = std::chrono::milliseconds(50);

[[noreturn]] void fail(const std::string& path) {
  throw ResourceError(fmt::format("{}: can't be written: {}", path, std::strerror(errno)));
}

bool is_at(int fd, const std::string& path) {
  struct stat opened {};
  struct stat found {};
  return ::fstat(fd, &opened) == 0 && ::lstat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

// Throws UsageError where it holds what no writer has left.
void check_contents(const std::string& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    const std::string ending = entry.path().extension().string();
    if (ending != ".plan" && ending != ".done" && name.find(".tmp-") == std::string::npos)
      throw UsageError(fmt::format("{}: is in the way: it holds {}, which thaw did not write there",
                                   path, name));
  }
}

}  // namespace

WorkFolder::WorkFolder(const std::string& target, const std::function<void()>& waits)
    : path_(true_path(target) + ".work") {
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);  // the target's writer tells
  while (!lock(waits)) {
  }
  try {
    check_contents(path_);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

// False where the one that was opened is gone meanwhile.
bool WorkFolder::lock(const std::function<void()>& waits) {
  if (::mkdir(path_.c_str(), 0777) != 0 && errno != EEXIST) fail(path_);
  fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd_ < 0 && errno == ENOENT) return false;
  if (fd_ < 0 && (errno == ENOTDIR || errno == ELOOP))
    throw UsageError(fmt::format("{}: is in the way; remove it", path_));
  if (fd_ < 0) fail(path_);
  bool told = false;
  while (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (!told) waits();
    told = true;
    check_stop();
    std::this_thread::sleep_for(kBetweenTries);
  }
  if (is_at(fd_, path_)) return true;
  ::close(fd_);
  return false;
}

WorkFolder::~WorkFolder() {
  try {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  } catch (const std::exception&) {  // no memory; it stays for the next writer
  }
  ::close(fd_);
}

}  // namespace thaw
