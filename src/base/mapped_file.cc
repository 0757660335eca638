#include "base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "thaw/error.h"

namespace thaw {
namespace {

#if defined(MAP_POPULATE)
constexpr int kFlags = MAP_PRIVATE | MAP_POPULATE;  // all pages at once: fewer faults later
#else
constexpr int kFlags = MAP_PRIVATE;
#endif

[[noreturn]] void fail(const std::string& path) {
  throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
}

// Closes when the scope ends.
struct Descriptor {
  int fd;
  ~Descriptor() { ::close(fd); }
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail(path);
  const Descriptor closer{fd};
  struct stat info {};
  if (::fstat(fd, &info) != 0) fail(path);
  if (!S_ISREG(info.st_mode)) throw InputError(fmt::format("{}: is no file", path));
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->size_ = static_cast<size_t>(info.st_size);
  if (file->size_ == 0) return file;
  void* data = ::mmap(nullptr, file->size_, PROT_READ, kFlags, fd, 0);
  if (data == MAP_FAILED) {
    file->size_ = 0;
    fail(path);
  }
  file->data_ = data;
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace thaw
