// The null device's queue: a thread that works when somebody waits for it, or after a while.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/null_device.h"

namespace thaw {

class NullQueue : public Queue {
 public:
  explicit NullQueue(NullDevice& device);
  ~NullQueue() override;  // when all is done
  NullQueue(const NullQueue&) = delete;
  NullQueue& operator=(const NullQueue&) = delete;

  void upload(void* device, const void* host, size_t bytes) override;
  void download(void* host, const void* device, size_t bytes) override;
  void launch(const Launch& launch) override;
  std::unique_ptr<Event> create_event() override;
  void record(Event& event) override;
  void wait(Event& event) override;
  void synchronize() override;

 private:
  friend class NullEvent;

  void add(std::function<void()> task, bool runs_after_failure = false);
  void work();
  // The address behind device memory; throws InternalError for memory that is not the device's.
  char* behind(const void* address, const char* what) const;
  // What a task threw, once.
  void rethrow();
  void hurry();

  struct Task {
    std::function<void()> run;
    bool runs_after_failure;
  };

  NullDevice& device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  int hurried_ = 0;  // of the tasks, that somebody waits for
  bool is_over_ = false;
  std::exception_ptr error_;
  unsigned random_ = 1;
  std::thread thread_;
};

}  // namespace thaw
