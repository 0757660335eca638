// Where buffers come from. A device's memory joins by implementing Allocator.
#pragma once

#include <cstddef>
#include <memory>

namespace thaw {

class Allocator {
 public:
  virtual ~Allocator() = default;
  // At least `bytes`, aligned to 64; freed with the last reference. Throws ResourceError.
  virtual std::shared_ptr<void> allocate(size_t bytes) = 0;
};

Allocator& host_allocator();
// How often the host's allocator was asked so far, over all threads; tests count with it.
size_t host_allocations();

}  // namespace thaw
