#include "kernels/cuda/driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "thaw/error.h"

namespace thaw::cuda {
namespace {

constexpr int kOldestVersion = 10020;  // JetPack 4's
constexpr Status kNoMemory = 2;
constexpr Status kNoDevice = 100;

bool is_device_lost(Status status) {
  return status == 46 || status == 214 || status == 220 || status == 700 || status == 702 ||
         (status >= 714 && status <= 721) || status == 999;
}

std::string describe_status(const Driver& driver, Status status) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (driver.error_name) driver.error_name(status, &name);
  if (driver.error_text) driver.error_text(status, &text);
  return fmt::format("{}, {}", name ? name : fmt::format("error {}", status),
                     text ? text : "unknown to the driver");
}

void* find(void* library, const char* symbol, const char* older) {
  void* found = dlsym(library, symbol);
  return found != nullptr || older == nullptr ? found : dlsym(library, older);
}

std::string start(Driver& d) {
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return "no NVIDIA driver (libcuda.so.1 is not there)";
  d.is_there = true;
  std::string missing;
#define THAW_FIND(name, symbol, older, arguments)                            \
  d.name = reinterpret_cast<decltype(d.name)>(find(library, symbol, older)); \
  if (d.name == nullptr && missing.empty()) missing = symbol;
  THAW_CUDA_DRIVER(THAW_FIND)
#undef THAW_FIND
  d.graph_connect = reinterpret_cast<decltype(d.graph_connect)>(
      find(library, "cuGraphAddDependencies_v2", nullptr));
  if (d.driver_version) d.driver_version(&d.version);
  if (d.version < kOldestVersion)
    return fmt::format("the driver is for CUDA {}.{}, 10.2 or later is needed", d.version / 1000,
                       d.version % 1000 / 10);
  if (!missing.empty()) return fmt::format("the driver has no {}", missing);
  Status status = d.init(0);
  if (status == 0) status = d.device_count(&d.devices);
  if (status == kNoDevice || (status == 0 && d.devices == 0))
    return "the driver finds no GPU (CUDA_VISIBLE_DEVICES may hide it)";
  return status == 0 ? "" : describe_status(d, status);
}

}  // namespace

const Driver& driver_or_refusal() {
  static const Driver opened = [] {
    Driver d;
    d.refusal = start(d);
    return d;
  }();
  return opened;
}

const Driver& driver() {
  const Driver& d = driver_or_refusal();
  if (!d.refusal.empty()) throw ResourceError("device cuda: " + d.refusal);
  return d;
}

void check(Status status, const char* what) {
  if (status == 0) return;
  const std::string text = describe_status(driver_or_refusal(), status);
  if (status == kNoMemory)
    throw ResourceError(fmt::format("device cuda: no memory left {} ({})", what, text));
  if (is_device_lost(status))
    throw ResourceError(
        fmt::format("device cuda: lost {} ({}); only a new process can use it again", what, text));
  throw InternalError(fmt::format("device cuda: {} failed: {}", what, text));
}

}  // namespace thaw::cuda
