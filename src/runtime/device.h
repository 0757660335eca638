// A device: memory, queues and a table of kernels. This is all the core knows of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "kernels/kernel.h"
#include "thaw/options.h"

namespace thaw {

// A moment in a queue's work. It is recorded anew in each run; wait() and done() mean the latest
// record. From one thread at a time.
class Event {
 public:
  virtual ~Event() = default;
  // Until all work before it in its queue is done, and what it copied to the host is there. Throws
  // what the work threw: InputError, ResourceError or InternalError that name the node.
  virtual void wait() = 0;
  virtual bool done() const = 0;
  // By the device's own clock; both are done.
  virtual double ms_since(const Event& earlier) const = 0;
};

// A kernel and what it runs on; they stay where they are until the work is done.
struct Launch {
  OpKernel* kernel = nullptr;
  RunContext* context = nullptr;
  const std::string* node = nullptr;  // for errors
};

// Work for a device, done in order. A host's queue works at once; others return before the work is
// done: memory that it reads or writes must stay, and stay as it is, until an event after it is
// done. From one thread at a time.
class Queue {
 public:
  virtual ~Queue() = default;
  virtual void upload(void* device, const void* host, size_t bytes) = 0;
  virtual void download(void* host, const void* device, size_t bytes) = 0;
  virtual void launch(const Launch& launch) = 0;
  virtual std::unique_ptr<Event> create_event() = 0;
  // `event` is one of this device's.
  virtual void record(Event& event) = 0;
  // What follows in this queue starts when `event`, of another queue, is done.
  virtual void wait(Event& event) = 0;
  // Until all is done; throws as Event::wait does.
  virtual void synchronize() = 0;
};

// One piece of a segment's work.
struct Work {
  enum class Kind : uint8_t { kUpload, kLaunch, kDownload };
  Kind kind = Kind::kLaunch;
  Launch launch;
  // Copies.
  const Tensor* from = nullptr;
  Tensor* to = nullptr;
  // The host's memory is another one in each run: the caller's input or output, or fresh.
  bool moves = false;
  // Recorded when this piece and all before it are done; null: nobody asks. A device that can't
  // record in the midst of a captured segment records it at the segment's end.
  Event* after = nullptr;
};

// A segment's work made ready, such as a captured graph.
class PreparedSegment {
 public:
  virtual ~PreparedSegment() = default;
  virtual void run(Queue& queue) = 0;
};

class Device : public Allocator {
 public:
  virtual const char* name() const = 0;   // "cpu"
  virtual std::string model() const = 0;  // "Intel Xeon ..."
  // What code and packed weights depend on: plans serve devices of the same name and identity.
  virtual std::string identity() const = 0;
  virtual size_t memory_bytes() const = 0;
  // Those whose arithmetic is fast there, float32 first.
  virtual std::vector<Precision> fast_precisions() const { return {Precision::kFloat32}; }
  // What graphs and kernels for it are made for.
  virtual Target target() const = 0;
  // Its kernels read and write the host's memory; nothing needs to be copied.
  virtual bool shares_host_memory() const = 0;
  // Host memory that copies from and to the device are fastest with.
  virtual Allocator& staging() { return host_allocator(); }
  // What it can run, best first for each op. Ops without a row run on the host.
  virtual KernelTable kernels() const = 0;
  // Layers whose kernels are about to be made, none of them with pieces that are ready: their code
  // may be compiled side by side.
  virtual void prepare_code(const std::vector<OpDesc>& /*layers*/) {}
  virtual std::unique_ptr<Queue> create_queue() = 0;
  // Makes work ready that is to run in this order, again and again. Unless a device knows better,
  // its pieces go to the queue one by one. Pieces may run side by side only where they have no
  // memory in common: buffers and scratch are laid out for this order.
  virtual std::unique_ptr<PreparedSegment> prepare(const std::vector<Work>& work);
  // Roughly, for deciding what is worth a copy.
  struct Speed {
    double launch_us = 0;  // of each kernel
    double copy_us = 0;    // of each copy, with the waiting for it
    double copy_bytes_per_us = 1e4;
    double bytes_per_us = 1e4;  // that kernels read and write
    double macs_per_us = 1e4;
  };
  virtual Speed speed() const { return {}; }
};

// One piece of work into the queue, its event too.
void enqueue(Queue& queue, const Work& work);

// A queue that runs kernels at once, on the calling thread.
std::unique_ptr<Queue> make_host_queue();

// Of the processor with the fast kernels.
Target host_target();
// The processor with the fast kernels, or with the reference kernels alone.
std::unique_ptr<Device> make_cpu_device();
std::unique_ptr<Device> make_ref_device();

}  // namespace thaw
