// A device: memory, queues and a table of kernels. This is all the core knows of it.
#pragma once

#include <memory>

#include "base/memory.h"
#include "kernels/kernel.h"

namespace thaw {

// Work for a device, done in order. A host's queue works at once; others may return before the work
// is done, and synchronize waits for it.
class Queue {
 public:
  virtual ~Queue() = default;
  virtual void upload(void* device, const void* host, size_t bytes) = 0;
  virtual void download(void* host, const void* device, size_t bytes) = 0;
  virtual void launch(OpKernel& kernel, RunContext& context) = 0;
  virtual void synchronize() = 0;
};

class Device : public Allocator {
 public:
  virtual const char* name() const = 0;
  // What graphs and kernels for it are made for.
  virtual Target target() const = 0;
  // Its kernels read and write the host's memory; nothing needs to be copied.
  virtual bool shares_host_memory() const = 0;
  // What it can run, best first for each op. Ops without a row run on the host's reference kernels.
  virtual KernelTable kernels() const = 0;
  virtual std::unique_ptr<Queue> create_queue() = 0;
};

// Runs kernels at once, on the calling thread.
std::unique_ptr<Queue> make_host_queue();

// Of the processor with the fast kernels.
Target host_target();
// The processor with the fast kernels, or with the reference kernels alone.
std::unique_ptr<Device> make_cpu_device();
std::unique_ptr<Device> make_ref_device();

}  // namespace thaw
