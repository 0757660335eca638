#include "runtime/executor.h"

#include <fmt/format.h>

#include <new>
#include <stdexcept>

#include "base/clock.h"
#include "base/condition.h"
#include "base/memory_budget.h"
#include "base/stop.h"
#include "base/thread_pool.h"
#include "thaw/error.h"

namespace thaw {

struct Executor::StepState {
  std::unique_ptr<RunContext> context;
  std::unique_ptr<Executor> first;
  std::unique_ptr<Executor> second;
  std::vector<Tensor> variables;  // a loop's, between iterations
  bool last_use_matters = false;
};

// A segment on a device and the moments that say when its work was done.
struct Executor::DeviceSegment {
  std::vector<Work> work;  // by step of the segment
  std::unique_ptr<PreparedSegment> prepared;
  std::unique_ptr<Event> start;
  std::vector<std::unique_ptr<Event>> ends;  // by step; only where a stage ends, without profiling
  std::unique_ptr<Event> end;
};

Executor::Executor(const Plan& plan, const ExecutionResources& resources)
    : plan_(plan),
      resources_(resources),
      slots_(plan.slots.size()),
      states_(plan.steps.size()),
      device_segments_(plan.segments.size()) {
  outputs_.resize(plan.outputs.size());
  step_ms_.assign(plan.steps.size(), 0);
  bind();
}

Executor::~Executor() = default;

// Lays the slots out in the arenas and points every step's context at its slots, once.
void Executor::bind() {
  for (int space = 0; space < 2; ++space) {
    if (plan_.arena_bytes[space] == 0) continue;
    Device* device = resources_.device;
    Allocator& host = device != nullptr ? device->staging() : host_allocator();
    arenas_[space] = (space == 0 ? host : *device).allocate(plan_.arena_bytes[space]);
  }
  bind_slots();
  planned_outputs_.resize(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i)
    if (plan_.can_move_output[i]) planned_outputs_[i] = slots_[plan_.outputs[i]];
  for (size_t i = 0; i < plan_.steps.size(); ++i) bind_step(i);
  for (size_t i = 0; i < plan_.segments.size(); ++i)
    if (plan_.segments[i].space == Space::kDevice) bind_segment(i);
}

void Executor::bind_slots() {
  for (size_t i = 0; i < plan_.slots.size(); ++i) {
    const Slot& slot = plan_.slots[i];
    if (slot.kind == SlotKind::kConstant) {
      slots_[i] = slot.constant;
    } else if (slot.kind == SlotKind::kArena) {
      auto* base = static_cast<char*>(arenas_[static_cast<int>(slot.space)].get());
      slots_[i] = Tensor::view(slot.dtype, slot.shape, base + slot.offset);
    }
  }
}

void Executor::bind_step(size_t i) {
  const Step& step = plan_.steps[i];
  StepState& state = states_[i];
  if (step.first) state.first = std::make_unique<Executor>(*step.first, resources_);
  if (step.second) state.second = std::make_unique<Executor>(*step.second, resources_);
  if (step.kind != StepKind::kKernel) return;
  state.context = std::make_unique<RunContext>(resources_.pool, resources_.workspace);
  for (uint32_t s : step.inputs) state.context->add_input(slots_[s]);
  for (uint32_t s : step.outputs) state.context->add_output(slots_[s]);
  if (step.scratch != kNoSlot)
    state.context->set_scratch(slots_[step.scratch].raw(), slots_[step.scratch].num_bytes());
  for (uint32_t s : step.inputs)
    for (uint32_t r : step.release) state.last_use_matters |= s == r;
}

// Whether the slot's memory may be another one in each run.
bool Executor::moves(uint32_t slot) const {
  for (size_t i = 0; i < plan_.outputs.size(); ++i)
    if (plan_.outputs[i] == slot && plan_.can_move_output[i]) return true;
  const SlotKind kind = plan_.slots[slot].kind;
  return kind == SlotKind::kInput || kind == SlotKind::kHeap;
}

Work Executor::work_of(size_t i) {
  const Step& step = plan_.steps[i];
  Work work;
  if (step.kind == StepKind::kKernel) {
    work.launch = {step.kernel.get(), states_[i].context.get(), &step.name};
    return work;
  }
  work.kind = step.kind == StepKind::kUpload ? Work::Kind::kUpload : Work::Kind::kDownload;
  work.from = &slots_[step.inputs[0]];
  work.to = &slots_[step.outputs[0]];
  work.moves = moves(step.inputs[0]) || moves(step.outputs[0]);
  return work;
}

void Executor::bind_segment(size_t i) {
  const Segment& segment = plan_.segments[i];
  auto bound = std::make_unique<DeviceSegment>();
  for (size_t s = segment.begin; s < segment.end; ++s) {
    bound->work.push_back(work_of(s));
    bound->ends.push_back(resources_.queue->create_event());
    const bool stage_ends =
        s + 1 == segment.end || plan_.steps[s + 1].stage != plan_.steps[s].stage;
    if (stage_ends) bound->work.back().after = bound->ends.back().get();
  }
  bound->start = resources_.queue->create_event();
  bound->end = resources_.queue->create_event();
  bound->prepared = resources_.device->prepare(bound->work);
  device_segments_[i] = std::move(bound);
}

void Executor::place_outputs(const std::vector<Tensor>& targets) {
  constexpr uintptr_t kAlignment = 64;
  for (size_t i = 0; i < planned_outputs_.size(); ++i) {
    const Tensor& planned = planned_outputs_[i];
    if (!planned.defined()) continue;
    const bool fits = i < targets.size() && targets[i].dtype() == planned.dtype() &&
                      targets[i].shape() == planned.shape() &&
                      reinterpret_cast<uintptr_t>(targets[i].raw()) % kAlignment == 0;
    slots_[plan_.outputs[i]] = fits ? targets[i] : planned;
  }
}

const std::vector<Tensor>& Executor::run(const std::vector<Tensor>& inputs,
                                         const std::vector<Tensor>& targets) {
  for (size_t i = 0; i < inputs.size(); ++i) slots_[plan_.inputs[i]] = inputs[i];
  place_outputs(targets);
  run_segments();
  for (size_t i = 0; i < outputs_.size(); ++i) outputs_[i] = slots_[plan_.outputs[i]];
  return outputs_;
}

void Executor::run_segments() {
  stage_ms_.fill(0);
  const DeviceSegment* last = nullptr;
  try {
    for (size_t i = 0; i < plan_.segments.size(); ++i) {
      const Segment& segment = plan_.segments[i];
      if (segment.space == Space::kDevice) {
        last = device_segments_[i].get();
        run_on_device(i);
      } else {
        if (segment.after) device_segments_[*segment.after]->end->wait();
        run_steps(segment.begin, segment.end);
      }
    }
    if (last != nullptr) last->end->wait();
  } catch (...) {
    // Its memory must not be freed, nor used by another run, before the device lets go of it.
    if (last != nullptr) {
      try {
        resources_.queue->synchronize();
      } catch (...) {  // what was thrown first says more
      }
    }
    throw;
  }
  for (size_t i = 0; i < plan_.segments.size(); ++i)
    if (device_segments_[i]) add_device_times(i);
  if (profiling_) ++profiled_runs_;
}

void Executor::run_on_device(size_t i) {
  DeviceSegment& segment = *device_segments_[i];
  Queue& queue = *resources_.queue;
  check_stop();
  for (size_t s = plan_.segments[i].begin; s < plan_.segments[i].end; ++s)
    make_room(plan_.steps[s]);
  queue.record(*segment.start);
  if (profiling_) {
    for (size_t s = 0; s < segment.work.size(); ++s) {
      Work work = segment.work[s];
      work.after = segment.ends[s].get();
      enqueue(queue, work);
    }
  } else {
    segment.prepared->run(queue);
  }
  queue.record(*segment.end);
}

// All its work is done.
void Executor::add_device_times(size_t i) {
  const DeviceSegment& segment = *device_segments_[i];
  const Event* before = segment.start.get();
  for (size_t s = 0; s < segment.work.size(); ++s) {
    if (!profiling_ && segment.work[s].after == nullptr) continue;
    const size_t step = plan_.segments[i].begin + s;
    const double ms = segment.ends[s]->ms_since(*before);
    stage_ms_[static_cast<size_t>(plan_.steps[step].stage)] += ms;
    if (profiling_) step_ms_[step] += ms;
    before = segment.ends[s].get();
  }
}

void Executor::run_steps(size_t begin, size_t end) {
  Clock::time_point before = Clock::now();
  for (size_t i = begin; i < end; ++i) {
    const Step& step = plan_.steps[i];
    run_step(step, states_[i]);
    for (uint32_t s : step.release) slots_[s] = Tensor();
    const bool stage_ends = i + 1 == end || plan_.steps[i + 1].stage != step.stage || profiling_;
    if (!stage_ends) continue;
    const Clock::time_point now = Clock::now();
    stage_ms_[static_cast<size_t>(step.stage)] += milliseconds(now - before);
    if (profiling_) profile_step(i, milliseconds(now - before));
    before = now;
  }
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
        throw InternalError("a copy outside a device's segment");
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
  step.kernel->run(*state.context);
  own_outputs(step);
}

// For what a device copies to a heap slot.
void Executor::make_room(const Step& step) {
  if (step.kind != StepKind::kDownload) return;
  reset_outputs(step);
  Tensor& to = slots_[step.outputs[0]];
  if (!to.defined())
    to = Tensor::empty(slots_[step.inputs[0]].dtype(), slots_[step.inputs[0]].shape());
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
    if (!t.owned()) t = t.clone();
    if (dtype_size(t.dtype()) == 0 && t.unique()) charge_contents(t);
  }
  forget_text();
}

// Takes the variables over, so that a kernel that is the last to read one may write into it.
std::vector<Tensor>& Executor::run_nested(std::vector<Tensor>& variables, bool keep) {
  for (size_t i = 0; i < variables.size(); ++i)
    slots_[plan_.inputs[i]] = keep ? variables[i] : std::move(variables[i]);
  run_segments();
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
