#include "thaw/optimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/processors.h"
#include "base/stop.h"
#include "engine/compare_models.h"
#include "engine/compile.h"
#include "engine/kept_plans.h"
#include "engine/make_device.h"
#include "engine/plan_runner.h"
#include "engine/saved_plans.h"
#include "engine/source_id.h"
#include "export/write_saved_model.h"
#include "import/frozen_model.h"
#include "thaw/error.h"
#include "thaw/model.h"
#include "thaw/request.h"
#include "thaw/version.h"

namespace thaw {
namespace {

namespace fs = std::filesystem;
constexpr int kTimedRuns = 20;
constexpr int kWarmUpRuns = 3;

std::vector<Shape> default_shapes(const Model& model) {
  std::vector<Shape> shapes;
  for (const TensorInfo& info : model.inputs()) {
    shapes.push_back(info.optional ? Shape::unknown() : with_a_size(info.shape));
    Shape& shape = shapes.back();
    for (int i = 0; i < shape.rank(); ++i)
      if (shape[i] == kUnknownDim) shape[i] = shape.rank() == 4 && i == 3 ? 3 : 1;
  }
  return shapes;
}

void check_shapes(const Model& model, const std::vector<Shape>& shapes) {
  if (shapes.size() != model.inputs().size())
    throw UsageError(fmt::format("{}: has {} inputs, shapes were given for {}", model.path(),
                                 model.inputs().size(), shapes.size()));
  for (size_t i = 0; i < shapes.size(); ++i) {
    const TensorInfo& info = model.inputs()[i];
    if (info.optional && !shapes[i].has_rank()) continue;
    if (!shapes[i].is_static())
      throw UsageError(fmt::format("{}: input '{}' is {}{}: give its shape", model.path(),
                                   info.name, dtype_name(info.dtype), info.shape.str()));
    bool fits = !info.shape.has_rank() || info.shape.rank() == shapes[i].rank();
    for (int d = 0; fits && d < info.shape.rank(); ++d)
      fits = info.shape[d] == kUnknownDim || info.shape[d] == shapes[i][d];
    if (!fits)
      throw UsageError(fmt::format("{}: input '{}' takes {}, not {}", model.path(), info.name,
                                   info.shape.str(), shapes[i].str()));
  }
}

// Inputs to time on; empty where none can be made up.
std::vector<Tensor> example_inputs(const Model& model, const std::vector<Shape>& shapes) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (dtype_size(model.inputs()[i].dtype) == 0) return {};
    inputs.push_back(made_up_input(model.inputs()[i], shapes[i]));
  }
  return inputs;
}

// How long each step takes, and fingerprints of what the plan gives. Throws Stopped when that takes
// more than so many seconds; 0: any time.
std::vector<float> try_plan(const Plan& plan, Device& device, ThreadPool& pool,
                            const std::vector<Tensor>& inputs, double seconds,
                            std::vector<uint64_t>& results) {
  StopSignal stop;
  stop.stop_after(seconds);
  const StopScope stopping(&stop);
  PlanRunner runner(plan, device, pool);
  for (int i = 0; i < kWarmUpRuns; ++i) runner.executor().run(inputs);
  runner.executor().set_profiling(true);
  for (int i = 0; i < kTimedRuns; ++i) runner.executor().run(inputs);
  std::vector<float> step_ms;
  for (const double sum : runner.executor().step_ms())
    step_ms.push_back(static_cast<float>(sum / kTimedRuns));
  for (const Tensor& t : runner.executor().run(inputs)) results.push_back(fingerprint(t));
  return step_ms;
}

// Of a compilation; 0 where it was without.
double tune_seconds(const BuildTimes& times) {
  for (const auto& [step, ms] : times)
    if (step == "tune") return ms / 1e3;
  return 0;
}

size_t folder_bytes(const std::string& folder) {
  size_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// An optimised SavedModel that is optimised anew for the same precision keeps the calibration that
// it has, where no other is given.
OptimizeOptions with_kept_calibration(const std::string& source, OptimizeOptions options) {
  if (options.engine.calibration) return options;
  const std::shared_ptr<const SavedPlans> plans = SavedPlans::open(source, {});
  if (plans && plans->manifest().precision == options.engine.precision)
    options.engine.calibration = plans->manifest().calibration;
  return options;
}

// The same file under another name, or a copy where the file system can't.
void link_or_copy(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (!error) return;
  fs::copy_file(from, to, error);
  if (error) throw ResourceError(fmt::format("{}: {}", to, error.message()));
}

class Optimizer {
 public:
  Optimizer(const OptimizeOptions& options, const WorkFolder& work)
      : options_(options), work_(work), device_(make_device(options.engine.device)) {
    report_.precision = options.engine.precision.value_or(Precision::kFloat32);
    if (options.engine.tune && options.build) timings_ = open_timings(options.engine, options.log);
    tell_of_no_gain();
  }

  // Adds plans and manifest to the SavedModel in `folder`.
  void add_plans(const std::string& folder) {
    const Model model = Model::load(folder);
    describe(model, folder);
    std::error_code error;
    fs::create_directories(plan_folder(folder), error);
    if (error) throw ResourceError(fmt::format("{}: {}", plan_folder(folder), error.message()));
    std::vector<std::vector<Shape>> all = options_.shapes;
    if (all.empty() && options_.build) all.push_back(default_shapes(model));
    plan_count_ = all.size();
    for (const std::vector<Shape>& shapes : all) {
      check_shapes(model, shapes);
      const auto has = [&](const Manifest::Entry& plan) { return serves(plan.shapes, shapes); };
      if (options_.build && std::none_of(manifest_.plans.begin(), manifest_.plans.end(), has))
        add_plan(model, shapes, plan_folder(folder));
    }
    write_manifest(plan_folder(folder), manifest_);
  }

  // Runs what lies on disk, in `folder`: it gives what the plans gave when they were built.
  void check(const std::string& folder) {
    report_.bytes = folder_bytes(folder);
    const Model model = Model::load(folder);
    for (size_t i = 0; i < report_.plans.size(); ++i) {
      const OptimizedPlan& plan = report_.plans[i];
      const std::vector<Tensor> inputs = example_inputs(model, inputs_[i]);
      if (results_[i].empty() || inputs.empty()) {
        if (report_.check_note.empty()) report_.check_note = "not run: no input can be made up";
        return;
      }
      const std::string what = fmt::format("checking the plan for {}", shapes_text(plan.shapes));
      progress(what);
      detail(what, kBuildShare + (1 - kBuildShare) * part_of_plans(i, 0));
      const auto limit = memory_scope(options_.engine);
      Request stored(Engine(model, options_.engine));
      const std::vector<Tensor>& outputs = stored.run(inputs);
      if (stored.plan().origin != plan_folder(folder) + "/" + plan.file)
        throw InternalError(fmt::format("{} is not used", plan.file));
      for (size_t k = 0; k < outputs.size(); ++k)
        if (fingerprint(outputs[k]) != results_[i].at(k))
          throw InternalError(fmt::format("{}: output '{}' is not what the plan gave when built",
                                          plan.file, model.outputs()[k].name));
    }
    report_.checked = !report_.plans.empty();
  }

  OptimizeReport& report() { return report_; }

 private:
  void tell_of_no_gain() const {
    std::string fast;
    for (const Precision precision : device_->fast_precisions()) {
      if (precision == report_.precision) return;
      if (precision != Precision::kFloat32)
        fast += fmt::format("{}{}", fast.empty() ? "" : " and ", precision_name(precision));
    }
    if (options_.log)
      options_.log(LogLevel::kWarning,
                   fmt::format("{} is no faster than FP32 on this device ({}){}",
                               precision_name(report_.precision), device_->name(),
                               fast.empty() ? "" : "; " + fast + " may be"));
  }

  // Of the work on a plan, roughly: what is not checking, and of that what is racing kernels.
  static constexpr double kBuildShare = 0.9;
  static constexpr double kTuneShare = 0.8;

  void progress(const std::string& what) const {
    if (options_.progress) options_.progress(what);
  }
  void detail(const std::string& what, double done) const {
    if (options_.detail) options_.detail(what, done);
  }
  double part_of_plans(size_t done, double of_next) const {
    return (static_cast<double>(done) + of_next) /
           static_cast<double>(std::max<size_t>(plan_count_, 1));
  }

  // What all plans have in common.
  void describe(const Model& model, const std::string& folder) {
    const EngineOptions& engine = options_.engine;
    manifest_.version = version();
    manifest_.device = device_->name();
    manifest_.identity = code_identity(*device_);
    manifest_.precision = report_.precision;
    manifest_.max_cached_engines = engine.max_cached_engines.value_or(4);
    manifest_.allow_build = engine.allow_build.value_or(true);
    manifest_.max_workspace_size = engine.max_workspace_size;
    manifest_.minimum_segment_size = engine.minimum_segment_size.value_or(kMinimumSegmentSize);
    manifest_.calibration = engine.calibration;
    manifest_.inputs = model.inputs();
    manifest_.outputs = model.outputs();
    mark_model(folder, manifest_);
  }

  void add_plan(const Model& model, const std::vector<Shape>& shapes, const std::string& folder) {
    const std::string what =
        fmt::format("building {} for {}", precision_name(report_.precision), shapes_text(shapes));
    progress(what);
    detail(what, kBuildShare * part_of_plans(manifest_.plans.size(), 0));
    PlanFacts facts{version(),
                    source_id(),
                    device_->name(),
                    code_identity(*device_),
                    model_mark(manifest_),
                    report_.precision,
                    shapes};
    const std::string key = plan_key(facts, options_.engine);
    std::optional<BuiltPlan> built = find_built(work_, key);
    if (!built) built = build(model, shapes, key, std::move(facts));
    if (report_.check_note.empty()) report_.check_note = built->note;
    const std::string name = fmt::format("{}.plan", manifest_.plans.size() + 1);
    link_or_copy(built->plan.file, folder + "/" + name);
    built->plan.file = name;
    manifest_.plans.push_back({name, built->plan.shapes});
    report_.plans.push_back(std::move(built->plan));
    results_.push_back(std::move(built->results));
    inputs_.push_back(shapes);
  }

  BuiltPlan build(const Model& model, const std::vector<Shape>& shapes, const std::string& key,
                  PlanFacts facts) const {
    const auto start = Clock::now();
    EngineOptions engine = options_.engine;
    engine.precision = report_.precision;
    engine.verify = true;
    const auto limit = memory_scope(engine);
    Compilation made = compile(model.graph(), shapes, Serving::kShapes, *device_, engine,
                               options_.log, tune_options());
    ThreadPool pool(engine.threads > 0 ? engine.threads : available_processors());
    BuiltPlan built;
    PlanFile file;
    const std::vector<Tensor> inputs = example_inputs(model, shapes);
    try {
      if (!inputs.empty())
        file.step_ms =
            try_plan(*made.plan, *device_, pool, inputs, options_.check_seconds, built.results);
    } catch (const Stopped&) {
      built.note =
          fmt::format("not run to the end: it takes more than {:g} s", options_.check_seconds);
    }
    facts.shapes = made.shapes;
    file.facts = std::move(facts);
    file.graph = std::move(made.graph);
    file.kernels = std::move(made.kernels);
    file.build_times = std::move(made.times);
    built.plan = {made.shapes,
                  {},
                  0,
                  seconds_since(start),
                  tune_seconds(file.build_times),
                  made.tuned.speedup,
                  made.tuned.left_out,
                  made.tuned.races,
                  made.tuned.known,
                  false};
    keep_built(work_, key, file, built);
    return built;
  }

  TuneOptions tune_options() const {
    TuneOptions tune_options;
    tune_options.run_seconds = options_.check_seconds;
    if (options_.detail)
      tune_options.progress = [&](size_t number, size_t count, const std::string& name) {
        const double raced = static_cast<double>(number - 1) / static_cast<double>(count);
        detail(fmt::format("timing kernels: layer {} of {}, {}", number, count, name),
               kBuildShare * part_of_plans(manifest_.plans.size(), kTuneShare * raced));
      };
    return tune_options;
  }

  const OptimizeOptions& options_;
  const WorkFolder& work_;
  const std::unique_ptr<Device> device_;
  std::shared_ptr<TimingCache> timings_;        // of all plans, also where no file keeps them
  std::vector<std::vector<uint64_t>> results_;  // by plan
  std::vector<std::vector<Shape>> inputs_;      // by plan: that it was tried on
  size_t plan_count_ = 0;
  Manifest manifest_;
  OptimizeReport report_;
};

}  // namespace

OptimizeReport optimize(const std::string& source, const std::string& destination,
                        const OptimizeOptions& given) {
  const OptimizeOptions options = with_kept_calibration(source, given);
  FreezeOptions freeze_options;
  freeze_options.outputs = options.outputs;
  const bool is_folder = fs::is_directory(source);
  if (is_folder && !options.outputs.empty())
    throw UsageError(fmt::format("{}: outputs can be chosen for a frozen graph alone", source));
  const FrozenModel frozen = read_frozen_model(source, freeze_options);
  const WorkFolder work(destination, [&] {
    if (options.log)
      options.log(LogLevel::kWarning,
                  fmt::format("{}: is being written by another process; waiting", destination));
  });
  Optimizer optimizer(options, work);
  // Nothing is at the destination unless it is right.
  const auto add_plans = [&](const std::string& folder) {
    optimizer.add_plans(folder);
    optimizer.check(folder);
  };
  optimizer.report().source_kind = model_kind_name(frozen.kind);
  if (is_folder)
    copy_saved_model(source, destination, options.overwrite, add_plans);
  else
    write_saved_model(destination, frozen, options.overwrite, add_plans);
  return std::move(optimizer.report());
}

}  // namespace thaw
