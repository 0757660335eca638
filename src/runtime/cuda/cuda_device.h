// A GPU of NVIDIA's as a device: its primary context, memory of its own, streams as queues, and
// segments as graphs. docs/cuda.md has the design.
#pragma once

#include <memory>
#include <string>

#include "kernels/cuda/driver.h"
#include "runtime/device.h"

namespace thaw {

// A device's primary context, kept as long as anything of it is in use.
class CudaContext {
 public:
  explicit CudaContext(int number);  // throws ResourceError where there is no such GPU
  ~CudaContext();
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  // The calling thread's from here on.
  const cuda::Driver& use() const;
  cuda::DeviceNumber device() const { return device_; }
  cuda::Context handle() const { return handle_; }
  int attribute(cuda::Attribute attribute) const;

 private:
  cuda::DeviceNumber device_ = 0;
  cuda::Context handle_ = nullptr;
};

class CudaDevice : public Device {
 public:
  // The GPU of this number; throws ResourceError where it is not there or too old.
  explicit CudaDevice(int number);
  ~CudaDevice() override;

  const char* name() const override { return "cuda"; }
  std::string model() const override { return model_; }
  std::string identity() const override { return identity_; }
  size_t memory_bytes() const override { return memory_bytes_; }
  std::vector<Precision> fast_precisions() const override;
  Target target() const override;
  bool shares_host_memory() const override { return false; }
  Allocator& staging() override;
  KernelTable kernels() const override;
  std::unique_ptr<Queue> create_queue() override;
  std::unique_ptr<PreparedSegment> prepare(const std::vector<Work>& work) override;
  void prepare_code(const std::vector<OpDesc>& layers) override;
  Speed speed() const override;
  std::shared_ptr<void> allocate(size_t bytes) override;

 private:
  class Staging;

  std::shared_ptr<CudaContext> context_;
  std::unique_ptr<Staging> staging_;
  int architecture_ = 0;  // 90 for sm_90
  size_t memory_bytes_ = 0;
  std::string model_;
  std::string identity_;
};

}  // namespace thaw
