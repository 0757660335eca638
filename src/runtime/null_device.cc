#include "runtime/null_device.h"

#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/memory_budget.h"
#include "runtime/null_kernels.h"
#include "runtime/null_queue.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Of all null devices: kernels find the elements of their pieces without knowing the device.
struct Blocks {
  struct Block {
    size_t bytes = 0;
    std::shared_ptr<void> elements;
  };
  std::mutex mutex;
  std::map<uintptr_t, Block> by_address;
};

Blocks& blocks() {
  static Blocks all;
  return all;
}

}  // namespace

size_t NullDevice::memory_bytes() const { return machine_memory(); }

KernelTable NullDevice::kernels() const { return null_kernels(); }

std::unique_ptr<Queue> NullDevice::create_queue() { return std::make_unique<NullQueue>(*this); }

std::unique_ptr<PreparedSegment> NullDevice::prepare(const std::vector<Work>& work) {
  count(&NullCounts::prepared);
  return Device::prepare(work);
}

// It claims to be fast, so that it is given all that it can run.
Device::Speed NullDevice::speed() const { return {0.01, 0.1, 1e6, 1e6, 1e6}; }

std::shared_ptr<void> NullDevice::allocate(size_t bytes) {
  const size_t reserved = std::max<size_t>(bytes, 1);
  void* address = ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED)
    throw ResourceError("no memory for " + std::to_string(bytes) + " bytes");
  count(&NullCounts::allocations);
  const auto at = reinterpret_cast<uintptr_t>(address);
  std::shared_ptr<void> elements = host_allocator().allocate(reserved);
  const std::lock_guard<std::mutex> lock(blocks().mutex);
  blocks().by_address[at] = {reserved, std::move(elements)};
  return {address, [at, reserved](void* p) {
            const std::lock_guard<std::mutex> freeing(blocks().mutex);
            blocks().by_address.erase(at);
            ::munmap(p, reserved);
          }};
}

char* NullDevice::behind(const void* address) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  const std::lock_guard<std::mutex> lock(blocks().mutex);
  auto next = blocks().by_address.upper_bound(at);
  if (next == blocks().by_address.begin()) return nullptr;
  const auto& [start, block] = *--next;
  return at - start < block.bytes ? static_cast<char*>(block.elements.get()) + (at - start)
                                  : nullptr;
}

NullCounts NullDevice::counts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

void NullDevice::count(int NullCounts::*what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++(counts_.*what);
}

}  // namespace thaw
