#include "thaw/device.h"

#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/error.h"

namespace thaw::c_api {
namespace {

// Asked for once: their texts are given out for good.
const std::vector<DeviceInfo>& all_devices() {
  static const auto* all = new std::vector<DeviceInfo>(devices());
  return *all;
}

}  // namespace
}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_device_count(size_t* count) {
  return guarded([&] { need(count, "count") = all_devices().size(); });
}

thaw_status thaw_device_get(size_t index, thaw_device_info* info) {
  return guarded([&] {
    if (index >= all_devices().size())
      throw thaw::UsageError(
          fmt::format("there are {} devices, no number {}", all_devices().size(), index));
    const thaw::DeviceInfo& from = all_devices()[index];
    thaw_device_info to{};
    to.name = from.name.c_str();
    to.model = from.model.c_str();
    to.identity = from.identity.c_str();
    to.memory = from.memory;
    for (const thaw::Precision precision : from.fast) to.fast |= 1U << c_precision(precision);
    give(to, info, "thaw_device_info");
  });
}

}  // extern "C"
