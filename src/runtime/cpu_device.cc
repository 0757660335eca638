// The host as a device: plain memory, a queue that works at once.
#include <cstring>

#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/memory_budget.h"
#include "runtime/device.h"

namespace thaw {
namespace {

class HostEvent : public Event {
 public:
  void record() { at_ = Clock::now(); }
  void wait() override {}
  bool done() const override { return true; }
  double ms_since(const Event& earlier) const override {
    return milliseconds(at_ - static_cast<const HostEvent&>(earlier).at_);
  }

 private:
  Clock::time_point at_;
};

class HostQueue : public Queue {
 public:
  void upload(void* device, const void* host, size_t bytes) override {
    std::memcpy(device, host, bytes);
  }
  void download(void* host, const void* device, size_t bytes) override {
    std::memcpy(host, device, bytes);
  }
  void launch(const Launch& launch) override { launch.kernel->run(*launch.context); }
  std::unique_ptr<Event> create_event() override { return std::make_unique<HostEvent>(); }
  void record(Event& event) override { static_cast<HostEvent&>(event).record(); }
  void wait(Event&) override {}
  void synchronize() override {}
};

// What the processor has instructions for.
std::vector<Precision> fast_on_processor() {
  std::vector<Precision> fast{Precision::kFloat32};
  const auto add_if = [&](Precision precision, bool x86, bool arm) {
    if (x86 || arm) fast.push_back(precision);
  };
  add_if(Precision::kFloat16, isa_enabled(Isa::kAmx), isa_enabled(Isa::kNeonFp16));
  add_if(Precision::kBFloat16, isa_enabled(Isa::kAvx512Bf16), isa_enabled(Isa::kNeonI8mm));
  add_if(Precision::kInt8, isa_enabled(Isa::kAvx512Vnni), isa_enabled(Isa::kNeonDot));
  return fast;
}

class HostDevice : public Device {
 public:
  HostDevice(const char* name, KernelTable table) : name_(name), table_(table) {}
  const char* name() const override { return name_; }
  std::string model() const override { return cpu_model_name(); }
  std::string identity() const override { return cpu_feature_text(); }
  size_t memory_bytes() const override { return machine_memory(); }
  std::vector<Precision> fast_precisions() const override {
    return table_.count > 0 ? fast_on_processor() : Device::fast_precisions();
  }
  Target target() const override { return host_target(); }
  bool shares_host_memory() const override { return true; }
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
