// The devices of this machine that models can run on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "thaw/options.h"

namespace thaw {

struct DeviceInfo {
  std::string name;      // "cpu", for EngineOptions::device
  std::string model;     // of the processor or board, for people
  std::string identity;  // plans and timings are good for devices of one name and identity
  uint64_t memory = 0;   // bytes; of a CPU the machine's
  // It computes in the host's memory: nothing is copied, and a batch gains little over its pictures
  // one by one.
  bool is_host = false;
  // Precisions whose arithmetic is fast there, float32 first. Others run too, often slower than
  // float32.
  std::vector<Precision> fast;
};

// Of EngineOptions::device, "auto" and those for tests (ref, null) too. Throws UsageError for a
// name that is not known and ResourceError for a device that is not there. From any thread.
DeviceInfo device_info(const std::string& name);

// The one that "auto" takes first; without those that are for tests (ref, null). From any thread.
std::vector<DeviceInfo> devices();

}  // namespace thaw
