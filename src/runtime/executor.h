// Runs plans. An executor holds what a run needs (arena, tensors, nested executors) and is reused.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/device.h"
#include "runtime/plan.h"

namespace thaw {

class ThreadPool;

// What executors of one request share.
struct ExecutionResources {
  ThreadPool* pool = nullptr;
  Device* device = nullptr;  // of Space::kDevice; null when the plan has no such slots
  Queue* queue = nullptr;    // the device's, where this request's work goes
  Workspace* workspace = nullptr;
};

class Executor {
 public:
  // The plan and the resources must outlive the executor.
  Executor(const Plan& plan, const ExecutionResources& resources);
  ~Executor();

  // Inputs in the plan's order, with the types and, where static, the shapes of the slots, in the
  // memory of their spaces. Returns the plan's outputs, valid until the next run, when all work is
  // done. Throws InputError, naming the node, when a kernel refuses its inputs; nothing is under
  // way then. `targets`, by output, is where the caller would like results; an output lies there
  // when its plan lets it (Plan::can_move_output), its type and shape are the target's, and the
  // target is aligned to 64 bytes, and elsewhere when not.
  const std::vector<Tensor>& run(const std::vector<Tensor>& inputs,
                                 const std::vector<Tensor>& targets = {});

  void set_profiling(bool on);
  // Milliseconds by stage of the latest run, and by step summed over the runs since profiling
  // began; of a device's steps by its own clock.
  const std::array<double, kNumStages>& stage_ms() const { return stage_ms_; }
  const std::vector<double>& step_ms() const { return step_ms_; }
  // The same of the threads' work, summed over the threads: without their waiting for each other.
  const std::vector<double>& step_work_ms() const { return step_work_ms_; }
  int profiled_runs() const { return profiled_runs_; }
  // By the plan's slots; inputs are those of the latest run.
  const std::vector<Tensor>& slots() const { return slots_; }

 private:
  struct StepState;
  struct DeviceSegment;

  void bind();
  void bind_slots();
  void bind_step(size_t i);
  void bind_segment(size_t i);
  bool moves(uint32_t slot) const;
  Work work_of(size_t step);
  void place_outputs(const std::vector<Tensor>& targets);
  void run_segments();
  void run_steps(size_t begin, size_t end);
  void run_on_device(size_t segment);
  void add_device_times(size_t segment);
  std::vector<Tensor>& run_nested(std::vector<Tensor>& variables, bool keep);
  void collect(const Step& step, size_t first_input, StepState& state);
  void profile_step(size_t i, double ms);
  void run_step(const Step& step, StepState& state);
  void run_kernel(const Step& step, StepState& state);
  void run_while(const Step& step, StepState& state);
  void run_if(const Step& step, StepState& state);
  void own_outputs(const Step& step);
  void reset_outputs(const Step& step);
  void make_room(const Step& step);

  const Plan& plan_;
  ExecutionResources resources_;
  std::shared_ptr<void> arenas_[2];
  std::vector<Tensor> slots_;
  std::vector<Tensor> outputs_;
  std::vector<Tensor> planned_outputs_;  // as the arena has them; undefined where it has not
  std::vector<StepState> states_;
  std::vector<std::unique_ptr<DeviceSegment>> device_segments_;  // by segment; null on the host
  std::array<double, kNumStages> stage_ms_{};
  std::vector<double> step_ms_;
  std::vector<double> step_work_ms_;
  bool profiling_ = false;
  int profiled_runs_ = 0;
};

}  // namespace thaw
