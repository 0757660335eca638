#include "runtime/null_queue.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "base/clock.h"
#include "thaw/error.h"

namespace thaw {

namespace {

// A launch with the tensors' elements where they really lie, as it was when it was made.
struct BoundLaunch {
  OpKernel* kernel;
  const std::string* node;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  void* scratch = nullptr;
  size_t scratch_bytes = 0;

  void run() {
    Workspace workspace;
    RunContext context(nullptr, &workspace);
    context.bind(inputs, outputs);
    context.set_scratch(scratch, scratch_bytes);
    try {
      kernel->run(context);
    } catch (const InputError& e) {
      throw InputError(fmt::format("node '{}': {}", *node, e.what()));
    } catch (const ResourceError& e) {
      throw ResourceError(fmt::format("node '{}': {}", *node, e.what()));
    } catch (const InternalError& e) {
      throw InternalError(fmt::format("node '{}': {}", *node, e.what()));
    } catch (const std::bad_alloc&) {
      throw ResourceError(fmt::format("no memory left at node '{}'", *node));
    }
  }
};

}  // namespace

class NullEvent : public Event {
 public:
  void wait() override {
    NullQueue* queue = nullptr;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      queue = queue_;
    }
    if (queue == nullptr) return;
    queue->hurry();
    wait_here();
    queue->rethrow();
  }
  bool done() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return done_ == recorded_;
  }
  double ms_since(const Event& earlier) const override {
    return milliseconds(at() - static_cast<const NullEvent&>(earlier).at());
  }

  void expect(NullQueue* queue) {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_ = queue;
    ++recorded_;
  }
  void set() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++done_;
    at_ = Clock::now();
    changed_.notify_all();
  }
  void wait_here() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&, until = recorded_] { return done_ >= until; });
  }
  NullQueue* queue() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queue_;
  }

 private:
  Clock::time_point at() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return at_;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  NullQueue* queue_ = nullptr;  // that it was last recorded in
  int recorded_ = 0;
  int done_ = 0;
  Clock::time_point at_;
};

NullQueue::NullQueue(NullDevice& device) : device_(device), thread_([this] { work(); }) {}

NullQueue::~NullQueue() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

char* NullQueue::behind(const void* address, const char* what) const {
  char* elements = NullDevice::behind(address);
  if (elements == nullptr)
    throw InternalError(fmt::format("{} {} is not the null device's memory", what, address));
  return elements;
}

void NullQueue::upload(void* device, const void* host, size_t bytes) {
  device_.count(&NullCounts::uploads);
  if (bytes == 0) return;
  char* to = behind(device, "upload to");
  add([=] { std::memcpy(to, host, bytes); });
}

void NullQueue::download(void* host, const void* device, size_t bytes) {
  device_.count(&NullCounts::downloads);
  if (bytes == 0) return;
  const char* from = behind(device, "download from");
  add([=] { std::memcpy(host, from, bytes); });
}

void NullQueue::launch(const Launch& launch) {
  device_.count(&NullCounts::launches);
  auto bound =
      std::make_shared<BoundLaunch>(BoundLaunch{launch.kernel, launch.node, {}, {}, nullptr, 0});
  const auto elements_of = [&](const Tensor& t, const char* what) {
    if (!t.defined()) return Tensor();  // a constant that the kernel holds
    void* elements = t.num_elements() > 0 ? behind(t.raw(), what) : nullptr;
    return Tensor::view(t.dtype(), t.shape(), elements);
  };
  RunContext& context = *launch.context;
  for (size_t i = 0; i < context.num_inputs(); ++i)
    bound->inputs.push_back(elements_of(context.input(i), "input"));
  for (size_t i = 0; i < context.num_outputs(); ++i)
    bound->outputs.push_back(elements_of(context.output(i), "output"));
  if (context.scratch_bytes() > 0) {
    bound->scratch = behind(context.scratch(0), "scratch");
    bound->scratch_bytes = context.scratch_bytes();
  }
  add([bound] { bound->run(); });
}

std::unique_ptr<Event> NullQueue::create_event() { return std::make_unique<NullEvent>(); }

void NullQueue::record(Event& event) {
  auto& recorded = static_cast<NullEvent&>(event);
  recorded.expect(this);
  add([&recorded] { recorded.set(); }, true);
}

void NullQueue::wait(Event& event) {
  auto& awaited = static_cast<NullEvent&>(event);
  add(
      [&awaited] {
        if (NullQueue* other = awaited.queue()) other->hurry();
        awaited.wait_here();
      },
      true);
}

void NullQueue::synchronize() {
  NullEvent event;
  record(event);
  event.wait();
}

void NullQueue::add(std::function<void()> task, bool runs_after_failure) {
  const std::lock_guard<std::mutex> lock(mutex_);
  tasks_.push_back({std::move(task), runs_after_failure});
  changed_.notify_all();
}

// Works off what is there now, without further delay.
void NullQueue::hurry() {
  const std::lock_guard<std::mutex> lock(mutex_);
  hurried_ = static_cast<int>(tasks_.size());
  changed_.notify_all();
}

void NullQueue::rethrow() {
  std::exception_ptr error;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(error, error_);
  }
  if (error) std::rethrow_exception(error);
}

void NullQueue::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return is_over_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    random_ = random_ * 1664525U + 1013904223U;
    const std::chrono::microseconds late((random_ >> 24) * 8);
    changed_.wait_for(lock, late, [&] { return is_over_ || hurried_ > 0; });
    hurried_ = std::max(hurried_ - 1, 0);
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    const bool skipped = error_ && !task.runs_after_failure;
    lock.unlock();
    std::exception_ptr error;
    try {
      if (!skipped) task.run();
    } catch (...) {
      error = std::current_exception();
    }
    task.run = nullptr;
    lock.lock();
    if (error && !error_) error_ = error;
  }
}

}  // namespace thaw
