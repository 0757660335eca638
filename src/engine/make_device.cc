#include "engine/make_device.h"

#include <fmt/format.h>

#include "runtime/null_device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

std::unique_ptr<Device> make_null_device() { return std::make_unique<NullDevice>(); }

std::unique_ptr<Device> no_cuda_device() {
  throw ResourceError("device cuda: no CUDA device support in this build; use --device cpu");
}

struct KnownDevice {
  const char* name;
  std::unique_ptr<Device> (*make)();
  bool is_listed;  // where the machine has it
};

// What "auto" prefers comes first.
constexpr KnownDevice kKnown[] = {
    {"cpu", make_cpu_device, true},
    {"cuda", no_cuda_device, false},
    {"ref", make_ref_device, false},
    {"null", make_null_device, false},
};

}  // namespace

std::unique_ptr<Device> make_device(const std::string& name) {
  if (name == "auto") return kKnown[0].make();
  std::string all = "auto";
  for (const KnownDevice& known : kKnown) {
    if (name == known.name) return known.make();
    all += fmt::format(", {}", known.name);
  }
  throw UsageError(fmt::format("device '{}': one of {} was expected", name, all));
}

std::string code_identity(const Device& device) {
  if (device.shares_host_memory()) return device.identity();
  return fmt::format("{} beside {}", device.identity(), make_cpu_device()->identity());
}

DeviceInfo describe(const Device& device) {
  return {device.name(),
          device.model(),
          device.identity(),
          device.memory_bytes(),
          device.shares_host_memory(),
          device.fast_precisions()};
}

DeviceInfo device_info(const std::string& name) { return describe(*make_device(name)); }

std::vector<DeviceInfo> devices() {
  std::vector<DeviceInfo> all;
  for (const KnownDevice& known : kKnown)
    if (known.is_listed) all.push_back(device_info(known.name));
  return all;
}

}  // namespace thaw
