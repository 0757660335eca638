#include "engine/engine_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/processors.h"
#include "engine/choose_kernel.h"
#include "engine/inference.h"
#include "engine/make_device.h"
#include "engine/saved_plans.h"
#include "graph/infer_util.h"
#include "passes/eliminate_dead_code.h"
#include "passes/fuse_multi_class_nms.h"
#include "thaw/calibrate.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// What was asked for, and for the rest what the model was optimised for.
EngineOptions completed(EngineOptions options, const Model& model) {
  const SavedPlans* plans = model.plans();
  if (!options.precision)
    options.precision = plans ? plans->manifest().precision : Precision::kFloat32;
  if (!options.max_cached_engines)
    options.max_cached_engines = plans ? plans->manifest().max_cached_engines : 4;
  if (plans && !options.calibration) options.calibration = plans->manifest().calibration;
  if (!options.allow_build) options.allow_build = !plans || plans->manifest().allow_build;
  if (plans && options.max_workspace_size == 0)
    options.max_workspace_size = plans->manifest().max_workspace_size;
  if (!options.minimum_segment_size)
    options.minimum_segment_size =
        plans ? plans->manifest().minimum_segment_size : kMinimumSegmentSize;
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
    kernels[{&graph, id}] = {choice.row->name, choice.why, {}, {}, 0};
  }
}

// Whether plans that were made with the one are what the other asks for.
bool same(const std::shared_ptr<const Calibration>& a,
          const std::shared_ptr<const Calibration>& b) {
  const auto text = [](const auto& c) { return calibration_text(c ? *c : Calibration()); };
  return a == b || text(a) == text(b);
}

size_t plans_kept(const EngineOptions& options) {
  return static_cast<size_t>(std::max(*options.max_cached_engines, 0));
}

}  // namespace

EngineCore::EngineCore(const Model& model, const EngineOptions& options)
    : model_(model),
      options_(completed(options, model)),
      refuses_build_(!options.allow_build.value_or(true)),
      chosen_(chosen_outputs(model, options.outputs)),
      threads_(options.threads > 0 ? options.threads : available_processors()),
      device_(make_device(options.device, [this](const std::string& why) { warn(why); })),
      cache_(
          plans_kept(options_), Engine::kMostRunsForAPlan,
          [this](const auto& shapes, PlanCache::Kind kind, const Fallback& fallback) {
            return make(shapes, kind, fallback);
          },
          [this](const auto& shapes, const Fallback& fallback, bool is_news) {
            fall(shapes, fallback, is_news);
          }) {
  for (const size_t i : chosen_) outputs_.push_back(model.outputs()[i]);
}

EngineCore::~EngineCore() = default;

void EngineCore::check_input(size_t index, const Tensor& tensor) const {
  const TensorInfo& wanted = model_.inputs().at(index);
  if (!tensor.defined() && wanted.optional) return;
  if (tensor.dtype() == wanted.dtype && contains(wanted.shape, tensor.shape())) return;
  throw InputError(fmt::format("{}: input '{}' takes {}{}, {} was given", model_.path(),
                               wanted.name, dtype_name(wanted.dtype), wanted.shape.str(),
                               tensor.defined() ? tensor.str() : "nothing"));
}

void EngineCore::check_inputs(const std::vector<Tensor>& inputs) const {
  const size_t wanted = model_.inputs().size();
  if (inputs.size() != wanted)
    throw InputError(
        fmt::format("{}: {} inputs were expected, {} given", model_.path(), wanted, inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i) check_input(i, inputs[i]);
}

void EngineCore::check_shapes(const std::vector<Shape>& shapes) const {
  if (shapes.size() != model_.inputs().size())
    throw InputError(fmt::format("{}: {} inputs were expected, shapes of {} given", model_.path(),
                                 model_.inputs().size(), shapes.size()));
}

std::shared_ptr<CachedPlan> EngineCore::make(const std::vector<Shape>& shapes, PlanCache::Kind kind,
                                             const Fallback& fallback) {
  if (kind == PlanCache::Kind::kExact) return make_exact(shapes);
  const std::vector<Shape> open = kind == PlanCache::Kind::kAllSizes
                                      ? with_open_sizes(model_.graph(), shapes)
                                      : with_open_extents(model_.graph(), shapes);
  std::string fault;
  std::shared_ptr<CachedPlan> plan = load(open, fault);
  if (!plan) plan = compile_plan(open, Serving::kAsGiven);
  plan->is_slow = true;
  plan->rung = fallback.rung;
  plan->why = fallback.why;
  return plan;
}

// Throws NoPlan where the slower plan is to serve them.
std::shared_ptr<CachedPlan> EngineCore::make_exact(const std::vector<Shape>& shapes) {
  std::string fault;
  std::shared_ptr<CachedPlan> plan = load(shapes, fault);
  if (plan) return plan;
  if (!*options_.allow_build) {
    if (refuses_build_ && !fault.empty())
      throw ResourceError(fmt::format("{}; none may be built here", fault));
    throw NoPlan(
        PlanRung::kBuildNotAllowed,
        fault.empty() ? fmt::format("there is no plan for {}", shapes_text(shapes)) : fault);
  }
  if (fault.empty() && model_.plans() && model_.log())
    model_.log()(
        LogLevel::kInfo,
        fmt::format("{}: has no plan for {} {} on {}; built in memory", model_.path(),
                    shapes_text(shapes), precision_name(*options_.precision), device_->name()));
  if (!fault.empty())
    warn(fault + "; built in memory (`thaw optimize --overwrite` writes it anew)");
  try {
    plan = compile_plan(shapes, Serving::kShapes);
  } catch (const InputError&) {
    throw;  // the slower plan would say the same
  } catch (const UsageError&) {
    throw;
  } catch (const PlanTooLarge&) {
    throw;
  } catch (const std::exception& e) {
    throw NoPlan(PlanRung::kBuildFailed, e.what());
  }
  plan->why = std::move(fault);
  return plan;
}

void EngineCore::warn(const std::string& text) const {
  if (model_.log()) model_.log()(LogLevel::kWarning, text);
}

// Tells that shapes run on the slower plan, or, where that is to be an error, throws.
void EngineCore::fall(const std::vector<Shape>& shapes, const Fallback& fallback,
                      bool is_news) const {
  const std::string inputs = shapes_text(shapes);
  if (options_.strict) {
    const std::string cause =
        fallback.rung == PlanRung::kCacheFull
            ? fmt::format("max_cached_engines is {}", *options_.max_cached_engines)
            : fmt::format("{}: {}", rung_name(fallback.rung), fallback.why);
    throw ResourceError(
        fmt::format("{}: inputs of {} would run on the slower plan for all shapes, "
                    "which strict does not allow: {}",
                    model_.path(), inputs, cause));
  }
  if (!is_news) return;
  if (fallback.rung == PlanRung::kCacheFull)
    warn(
        fmt::format("{}: max_cached_engines is {}, so that inputs of {} and "
                    "of other shapes run on a slower one that is for all, until they come again",
                    model_.path(), *options_.max_cached_engines, inputs));
  else if (fallback.rung == PlanRung::kBuildNotAllowed)
    warn(
        fmt::format("{}: {}, and none may be built here (allow_build), so that inputs of {} and "
                    "others without a plan run on a slower one that is for all",
                    model_.path(), fallback.why, inputs));
  else
    warn(
        fmt::format("{}: building the plan for {} failed: {}; they run on a slower one that is "
                    "for all",
                    model_.path(), inputs, fallback.why));
}

void EngineCore::keep_chosen_outputs(Graph& graph) const {
  for (size_t i = graph.outputs().size(); i-- > 0;)
    if (!std::binary_search(chosen_.begin(), chosen_.end(), i)) graph.remove_output(i);
}

std::shared_ptr<CachedPlan> EngineCore::compile_plan(const std::vector<Shape>& shapes,
                                                     Serving serving) const {
  Graph graph = model_.graph().clone();
  keep_chosen_outputs(graph);
  Compilation made = compile(graph, shapes, serving, *device_, options_, model_.log());
  drop_held_constants(*made.graph, made.kernels);
  auto plan = std::make_shared<CachedPlan>();
  plan->shapes = std::move(made.shapes);
  plan->graph = std::move(made.graph);
  plan->kernels = std::move(made.kernels);
  plan->times = std::move(made.times);
  plan->origin = "built in memory";
  plan->set_first(std::move(made.plan));
  return plan;
}

// The plan out of the model's folder; null when there is none that serves, with what is wrong with
// the one that should.
std::shared_ptr<CachedPlan> EngineCore::load(const std::vector<Shape>& shapes,
                                             std::string& fault) const {
  // Switches for looking at the passes want them run.
  if (!model_.plans() || !options_.disabled_passes.empty() || !options_.dump_dir.empty() ||
      options_.verify)
    return nullptr;
  if (options_.precision != Precision::kFloat32 &&
      !same(options_.calibration, model_.plans()->manifest().calibration)) {
    if (model_.log())
      model_.log()(LogLevel::kInfo, fmt::format("{}: its plans were made with another calibration; "
                                                "built in memory",
                                                model_.path()));
    return nullptr;
  }
  const auto start = Clock::now();
  std::optional<PlanFile> file =
      model_.plans()->find(shapes, *options_.precision, *device_, model_.log(), fault);
  if (!file) return nullptr;
  auto plan = std::make_shared<CachedPlan>();
  BuildContext context = kernels_for(*device_, options_);
  try {
    if (chosen_.size() != model_.outputs().size()) {
      keep_chosen_outputs(*file->graph);
      shed_unread_results(*file->graph, context, file->kernels);
      file->step_ms.clear();
    }
    context.prepared = &file->kernels;
    plan->set_first(build_plan(*file->graph, context));
  } catch (const ResourceError&) {
    throw;
  } catch (const std::exception& e) {  // whatever it says: the model itself is still there
    fault = fmt::format("{}: {}", file->path, e.what());
    return nullptr;
  }
  plan->times = {{"load", milliseconds_since(start)}};
  plan->shapes = std::move(file->facts.shapes);
  plan->graph = std::move(file->graph);
  plan->kernels = std::move(file->kernels);
  plan->origin = std::move(file->path);
  plan->rung = PlanRung::kStored;
  plan->step_ms = std::move(file->step_ms);
  return plan;
}

std::unique_ptr<Plan> EngineCore::instantiate(CachedPlan& cached) const {
  if (std::unique_ptr<Plan> first = cached.take_first()) return first;
  BuildContext context = kernels_for(*device_, options_);
  context.prepared = &cached.kernels;
  context.resident = cached.resident;
  return build_plan(*cached.graph, context);
}

void EngineCore::prepare(const std::vector<Shape>& shapes) {
  check_shapes(shapes);
  cache_.for_certain(shapes);
  const std::lock_guard<std::mutex> lock(idle_mutex_);
  let_go_evicted();
}

std::unique_ptr<Inference> EngineCore::borrow() {
  {
    const std::lock_guard<std::mutex> lock(idle_mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Inference> inference = std::move(idle_.back());
      idle_.pop_back();
      return inference;
    }
  }
  return std::make_unique<Inference>(*this);
}

void EngineCore::give_back(std::unique_ptr<Inference> inference) {
  const std::lock_guard<std::mutex> lock(idle_mutex_);
  idle_.push_back(std::move(inference));
  let_go_evicted();
}

// Under the lock of those that are idle.
void EngineCore::let_go_evicted() {
  for (const auto& idle : idle_) idle->let_go_evicted();
}

}  // namespace thaw
