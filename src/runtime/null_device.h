// A device without hardware that is as strange as one can be, so that tests find what a new device
// would stumble over: its memory can't be touched by the host, its queue works late, on a thread of
// its own, and out of step with the host. It runs the reference kernels, but for
// non-maximum suppression, which it leaves to the host.
#pragma once

#include <memory>
#include <mutex>

#include "runtime/device.h"

namespace thaw {

struct NullCounts {
  int allocations = 0;
  int uploads = 0;
  int launches = 0;
  int downloads = 0;
  int prepared = 0;  // segments
};

class NullDevice : public Device {
 public:
  const char* name() const override { return "null"; }
  std::string model() const override { return "reference kernels in memory of their own"; }
  std::string identity() const override { return "null"; }
  size_t memory_bytes() const override;
  Target target() const override { return {}; }
  bool shares_host_memory() const override { return false; }
  KernelTable kernels() const override;
  std::unique_ptr<Queue> create_queue() override;
  std::unique_ptr<PreparedSegment> prepare(const std::vector<Work>& work) override;
  Speed speed() const override;
  // An address that nobody may follow. The elements lie elsewhere.
  std::shared_ptr<void> allocate(size_t bytes) override;

  // Where the elements of a null device's memory lie; null for other memory.
  static char* behind(const void* address);
  NullCounts counts() const;
  // Its queues' threads count too.
  void count(int NullCounts::*what);

 private:
  mutable std::mutex mutex_;
  NullCounts counts_;
};

}  // namespace thaw
