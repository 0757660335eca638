#include "engine/inference.h"

#include <algorithm>

#include "base/clock.h"
#include "engine/layer_info.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Of unknown rank for an input that is not fed.
Shape shape_of(const Tensor& t) { return t.defined() ? t.shape() : Shape::unknown(); }

}  // namespace

Inference::Inference(EngineCore& core) : core_(core), pool_(core.threads(), core.options().pin) {}

// Whether the latest plan is still the one that the cache has for these; a slow one is asked for
// again each time, for the cache counts.
bool Inference::latest_serves(const std::vector<Tensor>& inputs) const {
  if (!latest_ || latest_->cached->is_slow) return false;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!serves(latest_->cached->shapes[i], shape_of(inputs[i]))) return false;
  return true;
}

const std::vector<Tensor>& Inference::run(const std::vector<Tensor>& inputs,
                                          const std::vector<Tensor>& targets) {
  core_.check_inputs(inputs);
  prepare_ms_ = 0;
  let_go_evicted();
  if (latest_serves(inputs)) {
    core_.cache().touch(*latest_->cached);
  } else {
    const auto start = Clock::now();
    const size_t made = made_;
    shapes_.clear();
    for (const Tensor& t : inputs) shapes_.push_back(shape_of(t));
    take(core_.cache().for_run(shapes_));
    if (made_ > made) prepare_ms_ = milliseconds_since(start);
  }
  const MemoryScope memory(latest_->budget);
  const ThreadPool::Session session(pool_);
  return latest_->runner->executor().run(inputs, targets);
}

void Inference::prepare(const std::vector<Shape>& shapes) {
  core_.check_shapes(shapes);
  take(core_.cache().for_certain(shapes));
}

void Inference::let_go_evicted(const CachedPlan* kept) {
  const auto goes = [&](const Instance& instance) {
    return instance.cached->is_evicted && instance.cached.get() != kept;
  };
  if (latest_ && goes(*latest_)) latest_ = nullptr;
  instances_.remove_if(goes);
}

// The latest plan from here on.
void Inference::take(std::shared_ptr<CachedPlan> cached) {
  latest_ = nullptr;
  let_go_evicted(cached.get());
  const auto known = std::find_if(instances_.begin(), instances_.end(),
                                  [&](const Instance& i) { return i.cached == cached; });
  latest_ = known != instances_.end() ? &*known : &make(std::move(cached));
}

Inference::Instance& Inference::make(std::shared_ptr<CachedPlan> cached) {
  Instance made;
  made.plan = core_.instantiate(*cached);
  if (const size_t limit = core_.options().memory_limit; limit > 0)
    made.budget = std::make_shared<MemoryBudget>(limit - made.plan->bytes());
  made.runner = std::make_unique<PlanRunner>(*made.plan, core_.device(), pool_);
  made.runner->executor().set_profiling(profiling_);
  made.cached = std::move(cached);
  instances_.push_front(std::move(made));
  ++made_;
  return instances_.front();
}

StageTimes Inference::stages() const {
  StageTimes times;
  times.prepare = prepare_ms_;
  if (!latest_) return times;
  const auto& ms = latest_->runner->executor().stage_ms();
  times.upload = ms[static_cast<size_t>(Stage::kUpload)];
  times.preprocess = ms[static_cast<size_t>(Stage::kPreprocess)];
  times.network = ms[static_cast<size_t>(Stage::kNetwork)];
  times.postprocess = ms[static_cast<size_t>(Stage::kPostprocess)];
  times.download = ms[static_cast<size_t>(Stage::kDownload)];
  return times;
}

MemoryUse Inference::memory() const {
  MemoryUse use;
  if (!latest_) return use;
  const Plan& plan = *latest_->plan;
  use.arena = plan.arena_bytes[0] + plan.arena_bytes[1];
  use.weights = plan.constant_bytes;
  use.scratch = latest_->runner->scratch_bytes();
  return use;
}

PlanInfo Inference::plan() const { return latest_ ? describe_plan(*latest_->cached) : PlanInfo(); }

std::vector<LayerInfo> Inference::layers() const {
  if (!latest_) return {};
  return describe_layers(*latest_->plan, latest_->runner->executor(), latest_->cached->step_ms,
                         pool_.size());
}

std::vector<SegmentInfo> Inference::segments() const {
  if (!latest_) return {};
  return describe_segments(*latest_->plan, core_.device(), core_.model().inputs(), core_.outputs());
}

void Inference::set_profiling(bool on) {
  profiling_ = on;
  for (Instance& instance : instances_) instance.runner->executor().set_profiling(on);
}

PlanInfo describe_plan(const CachedPlan& plan) {
  return {plan.shapes, plan.origin, plan.is_static, plan.is_slow, plan.times, plan.rung, plan.why};
}

const char* rung_name(PlanRung rung) {
  static constexpr const char* kNames[] = {"stored", "built", "cache full", "build not allowed",
                                           "build failed"};
  return kNames[static_cast<size_t>(rung)];
}

}  // namespace thaw
