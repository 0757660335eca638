// Constants in a device's memory, once for all that read them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "runtime/device.h"

namespace thaw {

// A copy of a host tensor in the device's own memory, uploaded by the time it returns.
Tensor on_device(Device& device, Queue& queue, const Tensor& host);

// Plans of several requests take what they read from one store. Safe to use from several threads.
class ResidentConstants {
 public:
  // The device must outlive the store and all that it gave.
  explicit ResidentConstants(Device& device) : device_(device), queue_(device.create_queue()) {}

  // The same for the same elements. The store keeps `host`, so that its memory stays what it is.
  Tensor get(const Tensor& host);

 private:
  struct Entry {
    Tensor host;
    Tensor device;
  };

  Device& device_;
  std::mutex mutex_;
  std::unique_ptr<Queue> queue_;
  std::map<std::pair<const void*, size_t>, Entry> entries_;  // by address and bytes
};

}  // namespace thaw
