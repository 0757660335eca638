// The processors that this process may use, and which of them its pinned threads have.
#pragma once

#include <bitset>
#include <vector>

namespace thaw {

constexpr int kMaxProcessors = 1024;
using ProcessorSet = std::bitset<kMaxProcessors>;

// Those that the calling thread, and threads it starts, may run on; none where the system does not
// say.
ProcessorSet usable_processors();
// How many there are, 1 or more.
int available_processors();

// Processors for threads to be bound to. As long as it lives, other leases of the process take
// others, while there are any; of processors that are equally free, those of a core that is free
// come first.
class ProcessorLease {
 public:
  // `count` of the calling thread's processors, some of them twice where it has fewer; none where
  // the system does not bind threads.
  explicit ProcessorLease(int count);
  ~ProcessorLease();
  ProcessorLease(const ProcessorLease&) = delete;
  ProcessorLease& operator=(const ProcessorLease&) = delete;

  const std::vector<int>& processors() const { return processors_; }

 private:
  std::vector<int> processors_;
};

// Binds the calling thread for good; does nothing where the system does not let it.
void bind_this_thread(int processor);

// The calling thread is bound while this lives, and then may run where it might before.
class ThreadBinding {
 public:
  explicit ThreadBinding(int processor);
  ~ThreadBinding();
  ThreadBinding(const ThreadBinding&) = delete;
  ThreadBinding& operator=(const ThreadBinding&) = delete;

 private:
  ProcessorSet before_;
};

}  // namespace thaw
