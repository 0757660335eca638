#include "base/memory.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/memory_budget.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kAlignment = 64;

std::atomic<size_t> allocations{0};

class HostAllocator : public Allocator {
 public:
  std::shared_ptr<void> allocate(size_t bytes) override {
    allocations.fetch_add(1, std::memory_order_relaxed);
    const size_t rounded = (bytes + kAlignment) / kAlignment * kAlignment;
    if (rounded < bytes) throw ResourceError("no memory for " + std::to_string(bytes) + " bytes");
    MemoryShare share(rounded);
    void* p = std::aligned_alloc(kAlignment, rounded);
    if (!p) throw ResourceError("no memory for " + std::to_string(bytes) + " bytes");
    return {p, Free{std::move(share)}};
  }

 private:
  struct Free {
    MemoryShare share;
    void operator()(void* p) const { std::free(p); }
  };
};

}  // namespace

Allocator& host_allocator() {
  static HostAllocator allocator;
  return allocator;
}

size_t host_allocations() { return allocations.load(std::memory_order_relaxed); }

}  // namespace thaw
