#include "runtime/cuda/cuda_queue.h"

#include <fmt/format.h>

#include <cstring>

#include "kernels/cuda/cuda_kernel.h"
#include "thaw/error.h"

namespace thaw {

class CudaEvent : public Event {
 public:
  explicit CudaEvent(const std::shared_ptr<CudaContext>& context)
      : own_(std::make_shared<Handle>(context)), latest_(own_) {}

  void wait() override {
    if (queue_ == nullptr) return;
    cuda::check(latest_->context->use().event_synchronize(latest_->event), "running");
    queue_->finish_copies(copies_);
    queue_->latest_ = nullptr;
  }
  bool done() const override {
    constexpr cuda::Status kNotReady = 600;
    const cuda::Status status = latest_->context->use().event_query(latest_->event);
    if (status != kNotReady) cuda::check(status, "running");
    return status != kNotReady;
  }
  double ms_since(const Event& earlier) const override {
    float ms = 0;
    const cuda::EventHandle before = static_cast<const CudaEvent&>(earlier).latest_->event;
    if (before != latest_->event)
      cuda::check(latest_->context->use().event_elapsed(&ms, before, latest_->event), "measuring");
    return static_cast<double>(ms);
  }

 private:
  friend class CudaQueue;

  struct Handle {
    const std::shared_ptr<CudaContext> context;
    cuda::EventHandle event = nullptr;

    explicit Handle(std::shared_ptr<CudaContext> c) : context(std::move(c)) {
      cuda::check(context->use().event_create(&event, 0), "making an event");
    }
    ~Handle() {
      cuda::driver().context_set(context->handle());
      cuda::driver().event_destroy(event);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
  };

  const std::shared_ptr<Handle> own_;
  std::shared_ptr<Handle> latest_;  // another event's of the same moment, or its own
  CudaQueue* queue_ = nullptr;      // that it was last recorded in
  size_t copies_ = 0;               // late ones before it
};

CudaQueue::CudaQueue(std::shared_ptr<CudaContext> context) : context_(std::move(context)) {
  cuda::check(context_->use().stream_create(&stream_, cuda::kNonBlocking), "making a stream");
}

CudaQueue::~CudaQueue() {
  const cuda::Driver& driver = cuda::driver();
  driver.context_set(context_->handle());
  driver.stream_synchronize(stream_);
  driver.stream_destroy(stream_);
}

void CudaQueue::upload(void* device, const void* host, size_t bytes) {
  if (bytes == 0) return;
  latest_ = nullptr;
  cuda::check(
      context_->use().copy_up(reinterpret_cast<cuda::Address>(device), host, bytes, stream_),
      "copying to the device");
}

void CudaQueue::download(void* host, const void* device, size_t bytes) {
  if (bytes == 0) return;
  latest_ = nullptr;
  cuda::check(
      context_->use().copy_down(host, reinterpret_cast<cuda::Address>(device), bytes, stream_),
      "copying from the device");
}

void CudaQueue::launch(const Launch& launch) {
  latest_ = nullptr;
  context_->use();
  try {
    static_cast<cuda::CudaKernel*>(launch.kernel)->enqueue(*launch.context, stream_);
  } catch (const ResourceError& e) {
    throw ResourceError(fmt::format("node '{}': {}", *launch.node, e.what()));
  } catch (const InternalError& e) {
    throw InternalError(fmt::format("node '{}': {}", *launch.node, e.what()));
  }
}

std::unique_ptr<Event> CudaQueue::create_event() { return std::make_unique<CudaEvent>(context_); }

void CudaQueue::record(Event& event) {
  auto& recorded = static_cast<CudaEvent&>(event);
  if (latest_ != nullptr && latest_ != &recorded) {
    recorded.latest_ = latest_->latest_;
  } else {
    recorded.latest_ = recorded.own_;
    cuda::check(context_->use().event_record(recorded.own_->event, stream_), "recording an event");
    latest_ = &recorded;
  }
  recorded.queue_ = this;
  recorded.copies_ = copies_done_ + late_copies_.size();
}

void CudaQueue::wait(Event& event) {
  latest_ = nullptr;
  const auto& awaited = static_cast<CudaEvent&>(event);
  cuda::check(context_->use().stream_wait(stream_, awaited.latest_->event, 0),
              "waiting for a stream");
}

void CudaQueue::synchronize() {
  latest_ = nullptr;
  cuda::check(context_->use().stream_synchronize(stream_), "running");
  finish_copies(copies_done_ + late_copies_.size());
}

void CudaQueue::start(cuda::GraphExec graph) {
  latest_ = nullptr;
  cuda::check(context_->use().graph_launch(graph, stream_), "starting a graph");
}

void CudaQueue::copy_after(void* to, const void* from, size_t bytes) {
  late_copies_.push_back({to, from, bytes});
}

void CudaQueue::finish_copies(size_t count) {
  for (; copies_done_ < count && !late_copies_.empty(); ++copies_done_) {
    const LateCopy copy = late_copies_.front();
    late_copies_.pop_front();
    std::memcpy(copy.to, copy.from, copy.bytes);
  }
}

}  // namespace thaw
