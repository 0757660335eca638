// A device that computes nothing: it takes memory, uploads, launches and downloads, counts them,
// and leaves zeros. It shows what a new device has to bring, and proves that the core needs no
// more.
#pragma once

#include "runtime/device.h"

namespace thaw {

struct NullCounts {
  int allocations = 0;
  int uploads = 0;
  int launches = 0;
  int downloads = 0;
  int synchronizations = 0;
};

class NullDevice : public Device {
 public:
  const char* name() const override { return "null"; }
  bool shares_host_memory() const override { return false; }
  Target target() const override { return {}; }
  KernelTable kernels() const override;
  std::unique_ptr<Queue> create_queue() override;
  std::shared_ptr<void> allocate(size_t bytes) override;
  const NullCounts& counts() const { return counts_; }

 private:
  NullCounts counts_;
};

}  // namespace thaw
