// Devices by the names people use.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/device.h"
#include "thaw/device.h"

namespace thaw {

// auto, cpu, cuda, cuda:1, ref, null. Throws UsageError for other names and ResourceError for a
// device that is not there. auto is the first GPU that can be used, else the CPU; `tell` is told
// why where the machine has a GPU all the same.
std::unique_ptr<Device> make_device(const std::string& name,
                                    const std::function<void(const std::string&)>& tell = {});

// What plans for the device depend on: its identity, and that of the processor beside it, which
// runs what the device does not.
std::string code_identity(const Device& device);

DeviceInfo describe(const Device& device);

}  // namespace thaw
