#include "runtime/executor.h"

#include <fmt/format.h>

#include <chrono>
#include <new>
#include <stdexcept>

#include "base/clock.h"
#include "base/condition.h"
#include "base/memory_budget.h"
#include "base/stop.h"
#include "base/thread_pool.h"
#include "thaw/error.h"

namespace thaw {
namespace {}  // namespace

struct Executor::StepState {
  std::unique_ptr<RunContext> context;
  std::unique_ptr<Executor> first;
  std::unique_ptr<Executor> second;
  std::vector<Tensor> variables;  // a loop's, between iterations
  bool last_use_matters = false;
};

Executor::Executor(const Plan& plan, const ExecutionResources& resources)
    : plan_(plan), resources_(resources), slots_(plan.slots.size()), states_(plan.steps.size()) {
  outputs_.resize(plan.outputs.size());
  step_ms_.assign(plan.steps.size(), 0);
  bind();
}

Executor::~Executor() = default;

// Lays the slots out in the arena and points every step's context at its slots, once.
void Executor::bind() {
  for (int space = 0; space < 2; ++space) {
    if (plan_.arena_bytes[space] == 0) continue;
    Allocator& allocator = space == 0 ? host_allocator() : *resources_.device;
    arenas_[space] = allocator.allocate(plan_.arena_bytes[space]);
  }
  for (size_t i = 0; i < plan_.slots.size(); ++i) {
    const Slot& slot = plan_.slots[i];
    if (slot.kind == SlotKind::kConstant && slot.space == Space::kHost) {
      slots_[i] = slot.constant;
    } else if (slot.kind == SlotKind::kConstant) {
      slots_[i] = resources_.device_workspace->allocate(slot.dtype, slot.shape);
      resources_.device_queue->upload(slots_[i].raw(), slot.constant.raw(),
                                      slot.constant.num_bytes());
    } else if (slot.kind == SlotKind::kArena) {
      auto* base = static_cast<char*>(arenas_[static_cast<int>(slot.space)].get());
      slots_[i] = Tensor::view(slot.dtype, slot.shape, base + slot.offset);
    }
  }
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    const Step& step = plan_.steps[i];
    StepState& state = states_[i];
    if (step.first) state.first = std::make_unique<Executor>(*step.first, resources_);
    if (step.second) state.second = std::make_unique<Executor>(*step.second, resources_);
    if (step.kind != StepKind::kKernel) continue;
    const bool on_device = step.space == Space::kDevice;
    state.context = std::make_unique<RunContext>(
        resources_.pool, on_device ? resources_.device_workspace : resources_.host_workspace);
    for (uint32_t s : step.inputs) state.context->add_input(slots_[s]);
    for (uint32_t s : step.outputs) state.context->add_output(slots_[s]);
    for (uint32_t s : step.inputs)
      for (uint32_t r : step.release) state.last_use_matters |= s == r;
  }
}

const std::vector<Tensor>& Executor::run(const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) slots_[plan_.inputs[i]] = inputs[i];
  run_steps();
  for (size_t i = 0; i < outputs_.size(); ++i) outputs_[i] = slots_[plan_.outputs[i]];
  return outputs_;
}

void Executor::run_steps() {
  stage_ms_.fill(0);
  Clock::time_point before = Clock::now();
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    const Step& step = plan_.steps[i];
    run_step(step, states_[i]);
    for (uint32_t s : step.release) slots_[s] = Tensor();
    const bool stage_ends =
        i + 1 == plan_.steps.size() || plan_.steps[i + 1].stage != step.stage || profiling_;
    if (!stage_ends) continue;
    const Clock::time_point now = Clock::now();
    stage_ms_[static_cast<size_t>(step.stage)] += milliseconds(now - before);
    if (profiling_) profile_step(i, milliseconds(now - before));
    before = now;
  }
  if (profiling_) ++profiled_runs_;
}

void Executor::profile_step(size_t i, double ms) {
  step_ms_[i] += ms;
  if (resources_.pool == nullptr) return;
  const ThreadPool::Times times = resources_.pool->take_times();
  step_work_ms_[i] += ms - times.caller_ms + times.work_ms;
}

void Executor::run_step(const Step& step, StepState& state) {
  check_stop();
  try {
    switch (step.kind) {
      case StepKind::kKernel:
        return run_kernel(step, state);
      case StepKind::kUpload:
      case StepKind::kDownload:
        return copy(step);
      case StepKind::kWhile:
        return run_while(step, state);
      case StepKind::kIf:
        return run_if(step, state);
    }
  } catch (const InputError& e) {
    if (step.kind != StepKind::kKernel) throw;
    throw InputError(fmt::format("node '{}': {}", step.name, e.what()));
  } catch (const Stopped&) {
    throw;
  } catch (const ResourceError& e) {
    if (step.kind == StepKind::kWhile || step.kind == StepKind::kIf) throw;
    throw ResourceError(fmt::format("node '{}': {}", step.name, e.what()));
  } catch (const InternalError& e) {
    throw InternalError(fmt::format("node '{}' ({}): {}", step.name, step.kernel_name, e.what()));
  } catch (const std::bad_alloc&) {
    throw ResourceError(fmt::format("no memory left at node '{}'", step.name));
  } catch (const std::length_error&) {
    throw ResourceError(fmt::format("no memory is large enough at node '{}'", step.name));
  }
}

void Executor::run_kernel(const Step& step, StepState& state) {
  reset_outputs(step);
  if (state.last_use_matters) {
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      bool last = false;
      for (uint32_t r : step.release) last |= r == step.inputs[i];
      state.context->set_owned(i, last && slots_[step.inputs[i]].unique());
    }
  }
  if (resources_.pool != nullptr) resources_.pool->limit(step.threads);
  Queue* queue = step.space == Space::kDevice ? resources_.device_queue : resources_.host_queue;
  queue->launch(*step.kernel, *state.context);
  own_outputs(step);
}

// Heap slots are made anew by each run of their step.
void Executor::reset_outputs(const Step& step) {
  for (uint32_t s : step.outputs)
    if (plan_.slots[s].kind == SlotKind::kHeap) slots_[s] = Tensor();
}

// A heap slot outlives the arena's memory that a kernel may have handed on as it was.
void Executor::own_outputs(const Step& step) {
  for (uint32_t s : step.outputs) {
    if (plan_.slots[s].kind != SlotKind::kHeap) continue;
    Tensor& t = slots_[s];
    if (!t.defined())
      throw InternalError(fmt::format("kernel {} left an output unset", step.kernel_name));
    if (!t.owned() && step.space == Space::kHost) t = t.clone();
    if (dtype_size(t.dtype()) == 0 && t.unique()) charge_contents(t);
  }
  forget_text();
}

void Executor::copy(const Step& step) {
  reset_outputs(step);
  const Tensor& from = slots_[step.inputs[0]];
  Tensor& to = slots_[step.outputs[0]];
  const bool up = step.kind == StepKind::kUpload;
  if (!to.defined())
    to = up ? resources_.device_workspace->allocate(from.dtype(), from.shape())
            : Tensor::empty(from.dtype(), from.shape());
  if (up) {
    resources_.device_queue->upload(to.raw(), from.raw(), from.num_bytes());
  } else {
    resources_.device_queue->download(to.raw(), from.raw(), from.num_bytes());
    resources_.device_queue->synchronize();
  }
}

// Takes the variables over, so that a kernel that is the last to read one may write into it.
std::vector<Tensor>& Executor::run_nested(std::vector<Tensor>& variables, bool keep) {
  for (size_t i = 0; i < variables.size(); ++i)
    slots_[plan_.inputs[i]] = keep ? variables[i] : std::move(variables[i]);
  run_steps();
  for (size_t i = 0; i < outputs_.size(); ++i) outputs_[i] = slots_[plan_.outputs[i]];
  for (size_t i = 0; i < slots_.size(); ++i)
    if (plan_.slots[i].kind != SlotKind::kConstant) slots_[i] = Tensor();
  return outputs_;
}

void Executor::collect(const Step& step, size_t first_input, StepState& state) {
  state.variables.resize(step.inputs.size() - first_input);
  for (size_t i = first_input; i < step.inputs.size(); ++i) {
    const Tensor& in = slots_[step.inputs[i]];
    state.variables[i - first_input] = in.owned() ? in : in.clone();
  }
}

void Executor::run_while(const Step& step, StepState& state) {
  collect(step, 0, state);
  for (uint32_t s : step.release) slots_[s] = Tensor();
  while (is_true(state.first->run_nested(state.variables, true).at(0))) {
    check_stop();
    state.variables.swap(state.second->run_nested(state.variables, false));
  }
  for (size_t i = 0; i < step.outputs.size(); ++i)
    slots_[step.outputs[i]] = std::move(state.variables[i]);
}

void Executor::run_if(const Step& step, StepState& state) {
  const bool taken = is_true(slots_[step.inputs[0]]);
  collect(step, 1, state);
  for (uint32_t s : step.release) slots_[s] = Tensor();
  Executor& branch = taken ? *state.first : *state.second;
  std::vector<Tensor>& results = branch.run_nested(state.variables, false);
  for (size_t i = 0; i < step.outputs.size(); ++i) slots_[step.outputs[i]] = std::move(results[i]);
}

void Executor::set_profiling(bool on) {
  profiling_ = on;
  profiled_runs_ = 0;
  step_ms_.assign(plan_.steps.size(), 0);
  step_work_ms_.assign(plan_.steps.size(), 0);
  if (resources_.pool == nullptr) return;
  resources_.pool->measure(on);
  resources_.pool->take_times();
}

}  // namespace thaw
