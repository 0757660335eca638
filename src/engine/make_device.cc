#include "engine/make_device.h"

#include <fmt/format.h>

#include <optional>

#include "kernels/cuda/compiler.h"
#include "kernels/cuda/driver.h"
#include "runtime/cuda/cuda_device.h"
#include "runtime/null_device.h"
#include "thaw/error.h"

namespace thaw {
namespace {

std::unique_ptr<Device> make_null_device() { return std::make_unique<NullDevice>(); }

struct KnownDevice {
  const char* name;
  std::unique_ptr<Device> (*make)();
};

// Besides "auto" and GPUs.
constexpr KnownDevice kKnown[] = {
    {"cpu", make_cpu_device},
    {"ref", make_ref_device},
    {"null", make_null_device},
};

constexpr const char* kCuda = "cuda";

// The number of "cuda" or "cuda:1"; none for other names.
std::optional<int> gpu_number(const std::string& name) {
  const std::string prefix = std::string(kCuda) + ":";
  if (name == kCuda) return 0;
  if (name.compare(0, prefix.size(), prefix) != 0) return {};
  const std::string digits = name.substr(prefix.size());
  constexpr size_t kMostDigits = 4;
  if (digits.empty() || digits.size() > kMostDigits ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return {};
  return std::stoi(digits);
}

// Null without one that can be used; `why` says why not where the machine seems to have one.
std::unique_ptr<Device> make_usable_gpu(std::string& why) {
  const cuda::Driver& driver = cuda::driver_or_refusal();
  if (!driver.is_there || (driver.refusal.empty() && driver.devices == 0)) return nullptr;
  why = driver.refusal.empty() ? cuda::compiler_refusal() : driver.refusal;
  if (!why.empty()) return nullptr;
  try {
    return std::make_unique<CudaDevice>(0);
  } catch (const ResourceError& e) {
    why = e.what();
    return nullptr;
  }
}

}  // namespace

std::unique_ptr<Device> make_device(const std::string& name,
                                    const std::function<void(const std::string&)>& tell) {
  if (name == "auto") {
    std::string why;
    if (std::unique_ptr<Device> gpu = make_usable_gpu(why)) return gpu;
    if (tell && !why.empty()) tell(fmt::format("the CPU is used, not the GPU: {}", why));
    return make_cpu_device();
  }
  if (const std::optional<int> number = gpu_number(name))
    return std::make_unique<CudaDevice>(*number);
  for (const KnownDevice& known : kKnown)
    if (name == known.name) return known.make();
  throw UsageError(fmt::format("device '{}': one of auto, cpu, {} (or {}:1), ref was expected",
                               name, kCuda, kCuda));
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
  std::string why;
  if (const std::unique_ptr<Device> gpu = make_usable_gpu(why)) {
    all.push_back(describe(*gpu));
    for (int i = 1; i < cuda::driver().devices; ++i) {
      all.push_back(device_info(fmt::format("{}:{}", kCuda, i)));
      all.back().name = fmt::format("{}:{}", kCuda, i);
    }
  }
  all.push_back(device_info("cpu"));
  return all;
}

}  // namespace thaw
