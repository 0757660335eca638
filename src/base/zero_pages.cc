#include "base/zero_pages.h"

#include <sys/mman.h>

#include <string>

#include "thaw/error.h"

namespace thaw {

std::shared_ptr<void> zero_pages(size_t bytes) {
  void* pages = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw ResourceError("no memory for " + std::to_string(bytes) + " bytes");
  return {pages, [bytes](void* p) { ::munmap(p, bytes); }};
}

}  // namespace thaw
