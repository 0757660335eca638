// Devices by the names people use.
#pragma once

#include <memory>
#include <string>

#include "runtime/device.h"

namespace thaw {

// auto, cpu, cuda, ref, null. Throws UsageError for other names and ResourceError for a device that
// is not there.
std::unique_ptr<Device> make_device(const std::string& name);

}  // namespace thaw
