// A stream of a CUDA device.
#pragma once

#include <deque>
#include <memory>

#include "runtime/cuda/cuda_device.h"

namespace thaw {

class CudaEvent;

class CudaQueue : public Queue {
 public:
  explicit CudaQueue(std::shared_ptr<CudaContext> context);
  ~CudaQueue() override;
  CudaQueue(const CudaQueue&) = delete;
  CudaQueue& operator=(const CudaQueue&) = delete;

  void upload(void* device, const void* host, size_t bytes) override;
  void download(void* host, const void* device, size_t bytes) override;
  void launch(const Launch& launch) override;
  std::unique_ptr<Event> create_event() override;
  void record(Event& event) override;
  void wait(Event& event) override;
  void synchronize() override;

  void start(cuda::GraphExec graph);
  // To be done by the host once what is in the queue now is done: by whoever waits for that.
  void copy_after(void* to, const void* from, size_t bytes);

 private:
  friend class CudaEvent;
  struct LateCopy {
    void* to;
    const void* from;
    size_t bytes;
  };

  // All late copies up to the `count`-th ever.
  void finish_copies(size_t count);

  const std::shared_ptr<CudaContext> context_;
  cuda::Stream stream_ = nullptr;
  std::deque<LateCopy> late_copies_;
  size_t copies_done_ = 0;
  // The event that was recorded last, while there is nothing in the queue after it and nobody has
  // waited since: others that are recorded then are the same moment, which costs nothing.
  CudaEvent* latest_ = nullptr;
};

}  // namespace thaw
