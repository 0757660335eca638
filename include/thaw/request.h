// One inference at a time: inputs, outputs and all that a run needs beside the engine.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "thaw/engine.h"
#include "thaw/error.h"

namespace thaw {

// What a run throws that Request::cancel ended.
class Cancelled : public ResourceError {
 public:
  using ResourceError::ResourceError;
};

// To run several inferences at the same time, make several requests of one engine: plans and
// weights are the same memory for all; activations, working memory and threads (Engine::threads)
// are each request's own. Requests that are at work at the same time divide the processors among
// their threads. A request keeps its engine alive, and depends on no other request.
//
// A request is one thread's at a time; cancel() alone may be called from any thread whenever the
// request lives. Between start() and the end of that run all but cancel, wait, wait_for and
// is_running throw UsageError. A request that failed or was cancelled can be run again.
class Request {
 public:
  // Throws ResourceError when its threads can't be started.
  explicit Request(const Engine& engine);
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  // Cancels a run that was started, and waits for its end and that of its callback. What the
  // callback starts from then on does not run.
  ~Request();

  const Engine& engine() const;

  // What input `index` (of Engine::inputs) is read from in the runs to come, until it is set again:
  // the tensor's memory itself, without a copy, for inputs that lie where the device computes.
  // Tensor::view makes a tensor of any memory of the caller's, which must live and stay unchanged
  // while a run goes on; between runs it may be written, and the next run sees that. An undefined
  // Tensor: not fed, for optional inputs. Throws InputError for another type or shape than
  // Engine::inputs says.
  void set_input(size_t index, const Tensor& tensor);
  void set_input(const std::string& name, const Tensor& tensor);  // Engine::input_index
  // The request's own memory for an input of this static shape, set as the input, to be written
  // before a run. It stays the same until another shape is asked for. Elements are undefined at
  // first. Throws InputError when the model takes no such shape.
  Tensor& input(size_t index, const Shape& shape);
  Tensor& input(const std::string& name, const Shape& shape);

  // Where the runs to come leave result `index` (of Engine::outputs): a tensor of the result's type
  // and shape, in memory of the caller's (Tensor::view) that must live while a run goes on and has
  // nothing in common with an input. It is written in place where the plan knows the shape, the
  // memory is aligned to 64 bytes and no other layer works on the result's own; otherwise the
  // result is copied there at the run's end. A run whose result has another shape throws
  // InputError. An undefined Tensor: the request's memory.
  void set_output(size_t index, const Tensor& tensor);
  void set_output(const std::string& name, const Tensor& tensor);  // Engine::output_index

  // Builds the plan for these input shapes now, as Engine::prepare does, and all that this request
  // needs to run it. Results of runs before are gone.
  void prepare(const std::vector<Shape>& shapes);

  // Runs and returns outputs(). Allocates nothing once a plan of static shapes has run. Throws
  // InputError when an input that must be fed is not set, or when the graph itself fails (an
  // Assert, an index); ResourceError when memory is short; Cancelled.
  const std::vector<Tensor>& run();
  // The same with all inputs set, in the order of Engine::inputs.
  const std::vector<Tensor>& run(const std::vector<Tensor>& inputs);

  // Begins a run on a thread of the request's and returns at once. What run() would throw, the next
  // wait throws.
  void start();
  // Returns when the run that was started has ended, at once where none goes on.
  void wait();
  // The same for at most so long: whether the run has ended.
  bool wait_for(std::chrono::microseconds most);
  bool is_running() const;
  // Called on the request's thread after each run that start() began: `error` is what wait throws,
  // null where all went well. It may start() this request again, which does nothing once the
  // request's life ends; it must not wait for it or end its life, and must not throw.
  using Callback = std::function<void(std::exception_ptr error)>;
  void set_callback(Callback callback);
  // Ends the run that goes on, if there is one, with Cancelled: before its next step (a layer, a
  // turn of a loop), or while it waits for a plan. A plan that it is building itself is built
  // first.
  void cancel();

  // Results of the latest run, in the order of Engine::outputs, valid until the next: in the
  // request's memory, or in that of set_output. Throws UsageError where there was no run, the
  // latest one failed, or prepare() came after it.
  const std::vector<Tensor>& outputs() const;
  const Tensor& output(const std::string& name) const;

  StageTimes stages() const;  // of the latest run
  MemoryUse memory() const;   // for the latest plan; zeros before the first
  PlanInfo plan() const;      // the latest; empty before the first
  // Steps of the latest plan; empty before the first.
  std::vector<LayerInfo> layers() const;
  // The same steps by where they run.
  std::vector<SegmentInfo> segments() const;
  // Times each layer from the next run on, for layers().
  void set_profiling(bool on);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace thaw
