#include "thaw/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/memory_budget.h"
#include "base/processors.h"
#include "base/thread_pool.h"
#include "engine/build_engine.h"
#include "engine/choose_kernel.h"
#include "engine/make_device.h"
#include "engine/saved_plans.h"
#include "engine/shared_plans.h"
#include "engine/tune.h"
#include "graph/infer_util.h"
#include "passes/eliminate_dead_code.h"
#include "passes/fuse_multi_class_nms.h"
#include "passes/pass.h"
#include "runtime/executor.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// The plan for some input shapes, and what runs it.
struct CachedPlan {
  std::shared_ptr<const SharedPlan> shared;
  std::unique_ptr<Plan> plan;
  std::shared_ptr<MemoryBudget> budget;  // of what runs take beside the plan; null: the machine's
  std::vector<std::pair<std::string, double>> times;  // Engine::build_times
  std::unique_ptr<Executor> executor;
};

// What was asked for, and for the rest what the model was optimised for.
EngineOptions completed(EngineOptions options, const Model& model) {
  const SavedPlans* plans = model.plans();
  if (!options.precision)
    options.precision = plans ? plans->manifest().precision : Precision::kFloat32;
  if (!options.max_cached_engines)
    options.max_cached_engines = plans ? plans->manifest().max_cached_engines : 4;
  if (plans && !options.calibration) options.calibration = plans->manifest().calibration;
  return options;
}

// Which of the model's outputs are asked for. Throws UsageError for a name that it lacks.
std::vector<size_t> chosen_outputs(const Model& model, const std::vector<std::string>& names) {
  std::vector<size_t> chosen;
  for (size_t i = 0; i < model.outputs().size(); ++i) {
    const std::string& name = model.outputs()[i].name;
    if (names.empty() || std::find(names.begin(), names.end(), name) != names.end())
      chosen.push_back(i);
  }
  if (!names.empty() && chosen.size() != names.size())
    throw UsageError(fmt::format("{}: outputs {} were asked for, it has {} of them", model.path(),
                                 fmt::join(names, ", "), chosen.size()));
  return chosen;
}

// Of unknown rank for an input that is not fed.
Shape shape_of(const Tensor& t) { return t.defined() ? t.shape() : Shape::unknown(); }

// Of a plan's graph some of whose outputs are gone: drops what nobody reads, and lets multi-class
// NMS take in what it alone reads now. Kernels of nodes that this makes are chosen anew.
void shed_unread_results(Graph& graph, const BuildContext& context, PreparedKernels& kernels) {
  const auto first = static_cast<NodeId>(graph.num_nodes());
  eliminate_dead_code(graph, {});
  fuse_multi_class_nms(graph, {});
  for (auto id = first; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (!node.alive || node.as<Const>()) continue;
    for (const ValueId v : node.inputs)
      if (const Tensor* constant = graph.constant_value(v); constant && is_absent(*constant))
        throw InputError(fmt::format("node '{}' reads what is not there", node.name));
    const KernelChoice choice = choose_kernel(describe(graph, node), context, Space::kHost);
    kernels[{&graph, id}] = {choice.entry->name, choice.why, {}, {}, 0};
  }
}

// Pictures of no fixed size count as the latest run had them.
void add_traffic(const Plan& plan, const Step& step, const std::vector<Tensor>& latest,
                 LayerInfo& layer) {
  const auto bytes = [&](uint32_t s) {
    const Slot& slot = plan.slots[s];
    const bool is_fed = slot.kind == SlotKind::kInput && latest[s].defined();
    const Shape& shape = is_fed ? latest[s].shape() : slot.shape;
    return shape.is_static() && dtype_size(slot.dtype) > 0
               ? static_cast<int64_t>(tensor_bytes(slot.dtype, shape))
               : 0;
  };
  if (step.kernel) layer.weight_bytes = static_cast<int64_t>(step.kernel->bytes());
  for (const uint32_t s : step.inputs) {
    const Slot& slot = plan.slots[s];
    if (slot.kind != SlotKind::kConstant)
      layer.activation_bytes += bytes(s);
    else if (slot.constant.defined())
      layer.weight_bytes += bytes(s);
  }
  for (const uint32_t s : step.outputs) layer.activation_bytes += bytes(s);
}

}  // namespace

struct Engine::Impl {
  Impl(const Model& m, const EngineOptions& o, std::shared_ptr<SharedPlans> s);

  void check_inputs(const std::vector<Tensor>& inputs) const;
  CachedPlan& plan_for(const std::vector<Shape>& shapes);
  CachedPlan& slow_plan(const std::vector<Shape>& shapes);
  CachedPlan build(const std::vector<Shape>& shapes, bool is_slow);
  bool computes_all() const { return outputs.size() == model.outputs().size(); }
  void keep_chosen_outputs(Graph& graph) const;
  SharedPlan make(const std::vector<Shape>& shapes, bool is_slow, const BuildContext& context,
                  CachedPlan& cached);
  bool load(const std::vector<Shape>& shapes, const BuildContext& context, SharedPlan& shared,
            CachedPlan& cached);
  const std::vector<Tensor>& run(const std::vector<Tensor>& inputs);

  Model model;
  EngineOptions options;
  std::vector<size_t> chosen;  // of the model's outputs
  std::vector<TensorInfo> outputs;
  std::shared_ptr<SharedPlans> shared_plans;
  std::unique_ptr<Device> device;
  ThreadPool pool;
  std::unique_ptr<Queue> queue;
  Workspace workspace;
  ExecutionResources resources;
  std::list<CachedPlan> plans;       // latest used first
  std::unique_ptr<CachedPlan> slow;  // for shapes past max_cached_engines
  CachedPlan* latest = nullptr;
  bool profiling = false;
  std::mutex mutex;
};

Engine::Impl::Impl(const Model& m, const EngineOptions& o, std::shared_ptr<SharedPlans> s)
    : model(m),
      options(completed(o, m)),
      chosen(chosen_outputs(m, o.outputs)),
      shared_plans(std::move(s)),
      device(make_device(o.device)),
      pool(o.threads > 0 ? o.threads : available_processors(), o.pin),
      queue(device->create_queue()) {
  for (const size_t i : chosen) outputs.push_back(model.outputs()[i]);
  resources.pool = &pool;
  resources.device = device.get();
  resources.queue = queue.get();
  resources.workspace = &workspace;
}

void Engine::Impl::check_inputs(const std::vector<Tensor>& inputs) const {
  const std::vector<TensorInfo>& wanted = model.inputs();
  if (inputs.size() != wanted.size())
    throw InputError(fmt::format("{}: {} inputs were expected, {} given", model.path(),
                                 wanted.size(), inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() && wanted[i].optional) continue;
    if (inputs[i].dtype() == wanted[i].dtype && contains(wanted[i].shape, inputs[i].shape()))
      continue;
    throw InputError(fmt::format("{}: input '{}' takes {}{}, {} was given", model.path(),
                                 wanted[i].name, dtype_name(wanted[i].dtype), wanted[i].shape.str(),
                                 inputs[i].str()));
  }
}

CachedPlan Engine::Impl::build(const std::vector<Shape>& shapes, bool is_slow) {
  BuildContext context = kernels_for(*device, options);
  CachedPlan cached;
  cached.shared = shared_plans->get(shapes, [&] { return make(shapes, is_slow, context, cached); });
  if (!cached.plan) {
    const auto start = Clock::now();
    context.prepared = &cached.shared->kernels;
    cached.plan = build_plan(*cached.shared->graph, context);
    cached.times = {{"share", milliseconds_since(start)}};
  }
  if (options.memory_limit > 0)
    cached.budget = std::make_shared<MemoryBudget>(options.memory_limit - cached.plan->bytes());
  cached.executor = std::make_unique<Executor>(*cached.plan, resources);
  cached.executor->set_profiling(profiling);
  return cached;
}

void Engine::Impl::keep_chosen_outputs(Graph& graph) const {
  for (size_t i = graph.outputs().size(); i-- > 0;)
    if (!std::binary_search(chosen.begin(), chosen.end(), i)) graph.remove_output(i);
}

SharedPlan Engine::Impl::make(const std::vector<Shape>& shapes, bool is_slow,
                              const BuildContext& context, CachedPlan& cached) {
  SharedPlan shared;
  if (load(shapes, context, shared, cached)) return shared;
  Graph graph = model.graph().clone();
  keep_chosen_outputs(graph);
  PlannedGraph planned =
      is_slow
          ? PlannedGraph{optimised_graph(graph, shapes, options, device->target(), &cached.times),
                         shapes}
          : planned_graph(graph, shapes, options, device->target(), &cached.times);
  shared.graph = std::make_unique<Graph>(std::move(planned.graph));
  shared.shapes = std::move(planned.shapes);
  shared.is_slow = is_slow;
  auto start = Clock::now();
  const TunedKernels tuned = tune(*shared.graph, context, pool, options, model.log());
  if (options.tune) cached.times.emplace_back("tune", milliseconds_since(start));
  start = Clock::now();
  BuildContext recording = context;
  recording.tuned = &tuned;
  recording.record = &shared.kernels;
  cached.plan = build_plan(*shared.graph, recording);
  drop_held_constants(*shared.graph, shared.kernels);
  cached.times.emplace_back("plan", milliseconds_since(start));
  shared.origin = "built in memory";
  return shared;
}

// The plan out of the model's folder, when there is one that serves.
bool Engine::Impl::load(const std::vector<Shape>& shapes, const BuildContext& context,
                        SharedPlan& shared, CachedPlan& cached) {
  // Switches for looking at the passes want them run.
  if (!model.plans() || !options.disabled_passes.empty() || !options.dump_dir.empty() ||
      options.verify)
    return false;
  const auto start = Clock::now();
  std::optional<PlanFile> file =
      model.plans()->find(shapes, *options.precision, *device, model.log());
  if (!file) return false;
  BuildContext prepared = context;
  prepared.prepared = &file->kernels;
  try {
    if (!computes_all()) {
      keep_chosen_outputs(*file->graph);
      shed_unread_results(*file->graph, context, file->kernels);
      file->step_ms.clear();
    }
    cached.plan = build_plan(*file->graph, prepared);
  } catch (const ResourceError&) {
    throw;
  } catch (const std::exception& e) {  // whatever it says: the model itself is still there
    if (model.log())
      model.log()(LogLevel::kWarning, fmt::format("{}: {}; built in memory", file->path, e.what()));
    return false;
  }
  cached.times = {{"load", milliseconds_since(start)}};
  shared.shapes = std::move(file->facts.shapes);
  shared.graph = std::move(file->graph);
  shared.kernels = std::move(file->kernels);
  shared.origin = std::move(file->path);
  shared.step_ms = std::move(file->step_ms);
  return true;
}

CachedPlan& Engine::Impl::plan_for(const std::vector<Shape>& shapes) {
  const auto fits = [&](const CachedPlan& p) { return serves(p.shared->shapes, shapes); };
  const auto known = std::find_if(plans.begin(), plans.end(), fits);
  if (known != plans.end()) {
    plans.splice(plans.begin(), plans, known);
  } else if (static_cast<int>(plans.size()) < *options.max_cached_engines) {
    plans.push_front(build(shapes, false));
  } else {
    return slow_plan(shapes);
  }
  return plans.front();
}

// For pictures of all sizes first; for all shapes of these ranks once there are others, such as
// another batch.
CachedPlan& Engine::Impl::slow_plan(const std::vector<Shape>& shapes) {
  if (slow && serves(slow->shared->shapes, shapes)) return *slow;
  if (!slow && model.log())
    model.log()(LogLevel::kWarning,
                fmt::format("{}: {} plans are kept (max_cached_engines), so that inputs of {} and "
                            "of other shapes run on a slower one that is for all",
                            model.path(), *options.max_cached_engines, shapes_text(shapes)));
  const std::vector<Shape> open =
      slow ? with_open_extents(model.graph(), shapes) : with_open_sizes(model.graph(), shapes);
  slow = std::make_unique<CachedPlan>(build(open, true));
  return *slow;
}

const std::vector<Tensor>& Engine::Impl::run(const std::vector<Tensor>& inputs) {
  check_inputs(inputs);
  const auto matches = [&](const CachedPlan& p) {
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!serves(p.shared->shapes[i], shape_of(inputs[i]))) return false;
    return !p.shared->is_slow;
  };
  if (!latest || !matches(*latest)) {
    std::vector<Shape> shapes;
    for (const Tensor& t : inputs) shapes.push_back(shape_of(t));
    latest = &plan_for(shapes);
  }
  const MemoryScope memory(latest->budget);
  const ThreadPool::Session session(pool);
  return latest->executor->run(inputs);
}

Engine::Engine(const Model& model, const EngineOptions& options)
    : impl_(std::make_unique<Impl>(model, options, std::make_shared<SharedPlans>())) {}
Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Engine Engine::share() const {
  return Engine(std::make_unique<Impl>(impl_->model, impl_->options, impl_->shared_plans));
}

const std::vector<TensorInfo>& Engine::inputs() const { return impl_->model.inputs(); }
const std::vector<TensorInfo>& Engine::outputs() const { return impl_->outputs; }
std::string Engine::device() const { return impl_->device->name(); }
int Engine::threads() const { return impl_->pool.size(); }

Precision Engine::precision() const { return *impl_->options.precision; }
std::string Engine::plan_origin() const {
  return impl_->latest ? impl_->latest->shared->origin : "";
}

std::vector<Shape> Engine::plan_shapes() const {
  return impl_->latest ? impl_->latest->shared->shapes : std::vector<Shape>();
}

void Engine::prepare(const std::vector<Shape>& shapes) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  if (shapes.size() != inputs().size())
    throw InputError(fmt::format("{}: {} inputs were expected, shapes of {} given",
                                 impl_->model.path(), inputs().size(), shapes.size()));
  impl_->latest = &impl_->plan_for(shapes);
}

std::vector<Tensor> Engine::run(const std::vector<Tensor>& inputs) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  std::vector<Tensor> results;
  for (const Tensor& t : impl_->run(inputs)) results.push_back(t.clone());
  return results;
}

const std::vector<Tensor>& Engine::run_shared(const std::vector<Tensor>& inputs) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  return impl_->run(inputs);
}

StageTimes Engine::last_stages() const {
  StageTimes times;
  if (!impl_->latest) return times;
  const auto& ms = impl_->latest->executor->stage_ms();
  times.upload = ms[static_cast<size_t>(Stage::kUpload)];
  times.preprocess = ms[static_cast<size_t>(Stage::kPreprocess)];
  times.network = ms[static_cast<size_t>(Stage::kNetwork)];
  times.postprocess = ms[static_cast<size_t>(Stage::kPostprocess)];
  times.download = ms[static_cast<size_t>(Stage::kDownload)];
  return times;
}

MemoryUse Engine::memory() const {
  MemoryUse use;
  if (!impl_->latest) return use;
  const Plan& plan = *impl_->latest->plan;
  use.arena = plan.arena_bytes[0] + plan.arena_bytes[1];
  use.weights = plan.constant_bytes;
  use.scratch = impl_->workspace.scratch_bytes();
  return use;
}

bool Engine::planned() const { return impl_->latest && impl_->latest->plan->is_static; }

void Engine::set_profiling(bool on) {
  const std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->profiling = on;
  for (CachedPlan& p : impl_->plans) p.executor->set_profiling(on);
  if (impl_->slow) impl_->slow->executor->set_profiling(on);
}

std::vector<LayerInfo> Engine::layers() const {
  std::vector<LayerInfo> layers;
  if (!impl_->latest) return layers;
  static constexpr const char* kStages[] = {"upload", "preprocess", "network", "postprocess",
                                            "download"};
  const Plan& plan = *impl_->latest->plan;
  const Executor& executor = *impl_->latest->executor;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    LayerInfo layer;
    layer.name = step.name;
    layer.op = step.op;
    layer.kernel = step.kernel_name;
    layer.stage = kStages[static_cast<size_t>(step.stage)];
    layer.macs = step.macs;
    layer.why = step.why;
    layer.numbers = step.numbers;
    layer.product = step.product;
    add_traffic(plan, step, executor.slots(), layer);
    layer.threads = 1;
    if (step.kind == StepKind::kKernel && step.space == Space::kHost)
      layer.threads = step.threads > 0 ? std::min(step.threads, threads()) : threads();
    if (!step.outputs.empty()) {
      const Slot& out = plan.slots[step.outputs[0]];
      layer.output = dtype_name(out.dtype) + out.shape.str();
    }
    if (executor.profiled_runs() > 0) {
      layer.ms = executor.step_ms()[i] / executor.profiled_runs();
      layer.busy = executor.step_work_ms()[i] / executor.step_ms()[i] / threads();
    } else if (impl_->latest->shared->step_ms.size() == plan.steps.size()) {
      layer.ms = impl_->latest->shared->step_ms[i];
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<std::pair<std::string, double>> Engine::build_times() const {
  if (!impl_->latest) return {};
  return impl_->latest->times;
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names;
  for (const Pass& p : pipeline()) names.emplace_back(p.name);
  return names;
}

}  // namespace thaw
