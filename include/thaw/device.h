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
  // Precisions whose arithmetic is fast there, float32 first. Others run too, often slower than
  // float32.
  std::vector<Precision> fast;
};

// The one that "auto" takes first; without those that are for tests (ref, null). From any thread.
std::vector<DeviceInfo> devices();

}  // namespace thaw
