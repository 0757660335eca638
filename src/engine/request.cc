#include "thaw/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/stop.h"
#include "engine/engine_core.h"
#include "engine/inference.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Into memory of the caller's.
void copy_result(const Tensor& from, Tensor& to, const TensorInfo& info) {
  if (from.dtype() != to.dtype() || from.shape() != to.shape())
    throw InputError(
        fmt::format("output '{}' is {}, memory was given for {}", info.name, from.str(), to.str()));
  if (from.dtype() == DType::kString)
    std::copy_n(from.data<std::string>(), from.num_elements(), to.data<std::string>());
  else if (from.num_bytes() > 0)
    std::memcpy(to.raw(), from.raw(), from.num_bytes());
}

}  // namespace

struct Request::Impl {
  explicit Impl(const Engine& e);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  void check_idle() const;
  bool begin();
  void end();
  void execute();
  void serve();

  const Engine engine;
  EngineCore& core;
  Inference inference;
  std::vector<Tensor> inputs;
  std::vector<Tensor> own_inputs;  // the request's memory for them, where it was asked for
  std::vector<Tensor> targets;     // the caller's memory for outputs
  std::vector<Tensor> outputs;
  bool has_outputs = false;
  std::shared_ptr<const Callback> callback;  // null: none
  StopSignal stop;

  // Of what other threads see.
  mutable std::mutex mutex;
  std::condition_variable changed;
  bool is_running = false;
  bool is_asked = false;  // the thread has a run to begin
  bool is_over = false;   // the thread is to end
  std::exception_ptr error;
  std::thread thread;  // of the runs that start() begins, from the first on
};

Request::Impl::Impl(const Engine& e)
    : engine(e),
      core(*e.core_),
      inference(core),
      inputs(engine.inputs().size()),
      own_inputs(inputs.size()),
      targets(engine.outputs().size()),
      outputs(engine.outputs().size()) {}

Request::Impl::~Impl() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    is_over = true;
    stop.stop();
  }
  changed.notify_all();
  if (thread.joinable()) thread.join();
}

void Request::Impl::check_idle() const {
  const std::lock_guard<std::mutex> lock(mutex);
  if (is_running) throw UsageError("the request is running: wait for its end first");
}

// False where the request's life ends: nothing runs any more.
bool Request::Impl::begin() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (is_running) throw UsageError("the request is running: wait for its end first");
  if (is_over) return false;
  is_running = true;
  error = nullptr;
  stop.clear();
  return true;
}

void Request::Impl::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    is_running = false;
  }
  changed.notify_all();
}

void Request::Impl::execute() {
  has_outputs = false;
  const StopScope stopping(&stop);
  try {
    const std::vector<Tensor>& results = inference.run(inputs, targets);
    for (size_t i = 0; i < results.size(); ++i) {
      const Tensor& target = targets[i];  // memory of empty ones is no sign
      if (!target.defined() ||
          (results[i].raw() == target.raw() && results[i].shape() == target.shape())) {
        outputs[i] = results[i];
      } else {
        copy_result(results[i], targets[i], engine.outputs()[i]);
        outputs[i] = target;
      }
    }
  } catch (const Stopped&) {
    if (!stop.is_set()) throw;
    throw Cancelled("the run was cancelled");
  }
  has_outputs = true;
}

// The request's thread.
void Request::Impl::serve() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return is_asked || is_over; });
    if (!is_asked) return;
    is_asked = false;
    lock.unlock();
    std::exception_ptr failure;
    try {
      execute();
    } catch (...) {
      failure = std::current_exception();
    }
    const std::shared_ptr<const Callback> call = callback;
    lock.lock();
    error = failure;
    is_running = false;
    lock.unlock();
    changed.notify_all();
    if (call) (*call)(failure);
    lock.lock();
  }
}

Request::Request(const Engine& engine) : impl_(std::make_unique<Impl>(engine)) {}
Request::Request(Request&&) noexcept = default;
Request& Request::operator=(Request&&) noexcept = default;
Request::~Request() = default;

const Engine& Request::engine() const { return impl_->engine; }

void Request::set_input(size_t index, const Tensor& tensor) {
  impl_->check_idle();
  if (index >= impl_->inputs.size())
    throw UsageError(
        fmt::format("input {} was set, the model has {}", index, impl_->inputs.size()));
  impl_->core.check_input(index, tensor);
  impl_->inputs[index] = tensor;
}

void Request::set_input(const std::string& name, const Tensor& tensor) {
  set_input(engine().input_index(name), tensor);
}

Tensor& Request::input(size_t index, const Shape& shape) {
  impl_->check_idle();
  if (index >= impl_->inputs.size())
    throw UsageError(
        fmt::format("input {} was asked for, the model has {}", index, impl_->inputs.size()));
  Tensor& own = impl_->own_inputs[index];
  if (!own.defined() || own.shape() != shape) {
    Tensor fresh = Tensor::empty(engine().inputs()[index].dtype, shape);
    impl_->core.check_input(index, fresh);
    own = std::move(fresh);
  }
  impl_->inputs[index] = own;
  return own;
}

Tensor& Request::input(const std::string& name, const Shape& shape) {
  return input(engine().input_index(name), shape);
}

void Request::set_output(size_t index, const Tensor& tensor) {
  impl_->check_idle();
  if (index >= impl_->targets.size())
    throw UsageError(fmt::format("output {} was set, there are {}", index, impl_->targets.size()));
  const TensorInfo& info = engine().outputs()[index];
  if (tensor.defined() && tensor.dtype() != info.dtype)
    throw InputError(fmt::format("output '{}' is {}, memory was given for {}", info.name,
                                 dtype_name(info.dtype), tensor.str()));
  impl_->targets[index] = tensor;
}

void Request::set_output(const std::string& name, const Tensor& tensor) {
  set_output(engine().output_index(name), tensor);
}

void Request::prepare(const std::vector<Shape>& shapes) {
  impl_->check_idle();
  impl_->has_outputs = false;  // they may lie in the memory of a plan that makes way
  std::fill(impl_->outputs.begin(), impl_->outputs.end(), Tensor());
  impl_->inference.prepare(shapes);
}

const std::vector<Tensor>& Request::run() {
  if (!impl_->begin()) throw Cancelled("the request's life ends");
  try {
    impl_->execute();
  } catch (...) {
    impl_->end();
    throw;
  }
  impl_->end();
  return impl_->outputs;
}

const std::vector<Tensor>& Request::run(const std::vector<Tensor>& inputs) {
  impl_->check_idle();
  impl_->core.check_inputs(inputs);
  impl_->inputs = inputs;
  return run();
}

void Request::start() {
  if (!impl_->begin()) return;
  try {
    const std::lock_guard<std::mutex> lock(impl_->mutex);
    if (!impl_->thread.joinable())
      impl_->thread = std::thread([impl = impl_.get()] { impl->serve(); });
    impl_->is_asked = true;
  } catch (const std::system_error& e) {
    impl_->end();
    throw ResourceError(std::string("no thread can be started: ") + e.code().message());
  }
  impl_->changed.notify_all();
}

void Request::wait() {
  std::unique_lock<std::mutex> lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return !impl_->is_running; });
  if (std::exception_ptr error = std::exchange(impl_->error, nullptr))
    std::rethrow_exception(error);
}

bool Request::wait_for(std::chrono::microseconds most) {
  std::unique_lock<std::mutex> lock(impl_->mutex);
  if (!impl_->changed.wait_for(lock, most, [&] { return !impl_->is_running; })) return false;
  if (std::exception_ptr error = std::exchange(impl_->error, nullptr))
    std::rethrow_exception(error);
  return true;
}

bool Request::is_running() const {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->is_running;
}

void Request::set_callback(Callback callback) {
  impl_->check_idle();
  impl_->callback = callback ? std::make_shared<const Callback>(std::move(callback)) : nullptr;
}

void Request::cancel() {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  if (impl_->is_running) impl_->stop.stop();
}

const std::vector<Tensor>& Request::outputs() const {
  impl_->check_idle();
  if (!impl_->has_outputs)
    throw UsageError("the request has no results: no run succeeded since prepare()");
  return impl_->outputs;
}

const Tensor& Request::output(const std::string& name) const {
  return outputs()[engine().output_index(name)];
}

StageTimes Request::stages() const {
  impl_->check_idle();
  return impl_->inference.stages();
}

MemoryUse Request::memory() const {
  impl_->check_idle();
  return impl_->inference.memory();
}

PlanInfo Request::plan() const {
  impl_->check_idle();
  return impl_->inference.plan();
}

std::vector<LayerInfo> Request::layers() const {
  impl_->check_idle();
  return impl_->inference.layers();
}

std::vector<SegmentInfo> Request::segments() const {
  impl_->check_idle();
  return impl_->inference.segments();
}

void Request::set_profiling(bool on) {
  impl_->check_idle();
  impl_->inference.set_profiling(on);
}

}  // namespace thaw
