// Where the program's memory ends, the program ends: at once, with one line and its status.
//
// An exception would not do. It passes through code of others that then frees what it never made
// (protobuf's maps), allocates as it is destroyed (JSON) or may not throw at all (std::filesystem,
// what runs before main). The library itself throws, for programs that want to live on.
#include <unistd.h>

#include <cstdlib>
#include <new>

#include "cli/exit_status.h"

namespace {

[[noreturn]] void end_out_of_memory() {
  constexpr int kStatus = thaw::cli::exit_status(thaw::ErrorKind::kResource);
  constexpr char kText[] = "thaw: error: out of memory\n";
  const ssize_t ignored = ::write(STDERR_FILENO, kText, sizeof kText - 1);
  static_cast<void>(ignored);
  ::_exit(kStatus);
}

size_t rounded(size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<size_t>(alignment);
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

void* operator new(size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new(size_t bytes) {
  if (void* p = operator new(bytes, std::nothrow)) return p;
  end_out_of_memory();
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  if (void* p = std::aligned_alloc(static_cast<size_t>(alignment), rounded(bytes, alignment)))
    return p;
  end_out_of_memory();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t /*bytes*/) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t /*alignment*/) noexcept { std::free(p); }
void operator delete(void* p, size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept {
  std::free(p);
}
