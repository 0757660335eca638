// The host as a device: plain memory, a queue that works at once.
#include <cstring>

#include "runtime/device.h"

namespace thaw {
namespace {

class HostQueue : public Queue {
 public:
  void upload(void* device, const void* host, size_t bytes) override {
    std::memcpy(device, host, bytes);
  }
  void download(void* host, const void* device, size_t bytes) override {
    std::memcpy(host, device, bytes);
  }
  void launch(OpKernel& kernel, RunContext& context) override { kernel.run(context); }
  void synchronize() override {}
};

class HostDevice : public Device {
 public:
  HostDevice(const char* name, KernelTable table) : name_(name), table_(table) {}
  const char* name() const override { return name_; }
  bool shares_host_memory() const override { return true; }
  Target target() const override { return host_target(); }
  KernelTable kernels() const override { return table_; }
  std::unique_ptr<Queue> create_queue() override { return make_host_queue(); }
  std::shared_ptr<void> allocate(size_t bytes) override { return host_allocator().allocate(bytes); }

 private:
  const char* name_;
  KernelTable table_;
};

}  // namespace

std::unique_ptr<Queue> make_host_queue() { return std::make_unique<HostQueue>(); }

Target host_target() { return {0, LayerForms::all()}; }

std::unique_ptr<Device> make_cpu_device() {
  return std::make_unique<HostDevice>("cpu", cpu_kernels());
}

std::unique_ptr<Device> make_ref_device() {
  return std::make_unique<HostDevice>("ref", KernelTable{});
}

}  // namespace thaw
