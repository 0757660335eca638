// Devices by the names people use.
#pragma once

#include <memory>
#include <string>

#include "runtime/device.h"
#include "thaw/device.h"

namespace thaw {

// auto, cpu, cuda, ref, null. Throws UsageError for other names and ResourceError for a device that
// is not there.
std::unique_ptr<Device> make_device(const std::string& name);

// What plans for the device depend on: its identity, and that of the processor beside it, which
// runs what the device does not.
std::string code_identity(const Device& device);

DeviceInfo describe(const Device& device);

}  // namespace thaw
