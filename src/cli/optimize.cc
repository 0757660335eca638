// thaw optimize: a SavedModel with plans that start fast.
#include "thaw/optimize.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/accuracy_gate.h"
#include "cli/calibration.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/json.h"
#include "cli/layer_summary.h"
#include "cli/message.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/text.h"
#include "thaw/model.h"

namespace thaw::cli {
namespace {

struct OptimizeArguments {
  std::string source;
  std::string destination;
  std::vector<std::string> outputs;
  std::vector<std::string> shapes;
  RunOptions run;
  GateArguments gate;
  int max_cached_engines = 4;
  bool no_build = false;
  bool no_build_at_runtime = false;
  bool overwrite = false;
  double check_seconds = 60;
  bool no_tune = false;
  OutputOptions output;
};

void ask_for_table(const OptimizeArguments& arguments) {
  OutputRule rule(arguments.overwrite, "; --overwrite replaces it");
  rule.reads(arguments.source);
  tell_reads(rule, arguments.gate.images);
  rule.reads(arguments.gate.truth);
  rule.reads(arguments.gate.labels);
  arguments.run.calibration.tell_files(rule);
}

OptimizeOptions optimize_options(const OptimizeArguments& arguments, GateResult& gate) {
  OptimizeOptions options;
  options.outputs = arguments.outputs;
  options.build = !arguments.no_build;
  options.overwrite = arguments.overwrite;
  options.check_seconds = arguments.check_seconds;
  options.engine = arguments.run.engine_options();
  options.engine.max_cached_engines = arguments.max_cached_engines;
  options.engine.tune = !arguments.no_tune;
  if (arguments.no_build_at_runtime) options.engine.allow_build = false;
  options.log = tell;
  check_gate(arguments.gate, arguments.run, options.engine);
  const bool measures = arguments.run.calibration.asked() || arguments.gate.asked();
  if (arguments.shapes.empty() && !measures) return options;
  ModelOptions model_options;
  model_options.outputs = arguments.outputs;
  const Model model = Model::load(arguments.source, model_options);
  options.shapes =
      group_shapes("--shape", parse_shapes("--shape", arguments.shapes), model.inputs());
  if (!measures) return options;
  ask_for_table(arguments);
  options.engine.calibration = calibrated_options(arguments.run, model).calibration;
  gate = hold_gate(arguments.gate, arguments.run, model, options.engine);
  return options;
}

Json report_json(const OptimizeReport& report, const GateResult& gate,
                 const OptimizeArguments& arguments, double seconds) {
  Json json = {{"source", arguments.source},
               {"source_kind", report.source_kind},
               {"destination", arguments.destination},
               {"precision", precision_name(report.precision)},
               {"bytes", report.bytes},
               {"checked", report.checked},
               {"seconds", seconds}};
  if (!report.check_note.empty()) json["check_note"] = report.check_note;
  add_gate_json(gate, json);
  json["plans"] = Json::array();
  for (const OptimizedPlan& plan : report.plans) {
    Json shapes = Json::array();
    for (const Shape& shape : plan.shapes) shapes.push_back(shape_json(shape));
    json["plans"].push_back({{"shapes", shapes},
                             {"file", plan.file},
                             {"bytes", plan.bytes},
                             {"seconds", plan.seconds},
                             {"tune_seconds", plan.tune_seconds},
                             {"tuned_speedup", plan.tuned_speedup},
                             {"layers_left_out", plan.layers_left_out},
                             {"races", plan.races},
                             {"known_races", plan.known_races},
                             {"kept", plan.kept}});
  }
  return json;
}

std::string tuning_text(const OptimizedPlan& plan) {
  const std::string took =
      fmt::format("{} in {:.2f} s ({} races, {} of them in the timing cache): ", plan.file,
                  plan.tune_seconds, plan.races, plan.known_races);
  if (plan.tuned_speedup > 1)
    return took + fmt::format("{:.2f} times as fast as without tuning", plan.tuned_speedup);
  if (plan.tuned_speedup > 0) return took + "no faster than without tuning, whose kernels it keeps";
  return took + "not compared with the plan without tuning";
}

int tell_missed(const GateResult& gate, const OptimizeArguments& arguments, Precision precision) {
  print_gate(gate, arguments.output.json ? GateArguments() : arguments.gate, precision);
  if (arguments.output.json) {
    Json json = {{"source", arguments.source}, {"precision", precision_name(precision)}};
    add_gate_json(gate, json);
    write_text("-", dump(json));
  }
  return kGateMissed;
}

int run(const OptimizeArguments& arguments) {
  const auto start = Clock::now();
  GateResult gate;
  OptimizeOptions options = optimize_options(arguments, gate);
  if (gate.missed()) return tell_missed(gate, arguments, *options.engine.precision);
  OptimizeReport report;
  {
    const size_t plans = std::max<size_t>(options.shapes.size(), 1);
    Progress progress(arguments.no_build ? 0 : 2 * plans);
    options.progress = [&](const std::string& what) { progress.step(what); };
    options.detail = [&](const std::string& what, double done) { progress.detail(what, done); };
    report = optimize(arguments.source, arguments.destination, options);
  }
  const double seconds = seconds_since(start);
  if (arguments.output.json) {
    write_text("-", dump(report_json(report, gate, arguments, seconds)));
    return 0;
  }
  ModelOptions load_options;
  load_options.log = tell;
  const Model model = Model::load(arguments.destination, load_options);
  for (const PlanSummary& plan : summarise(model, load_options, {}, {}, 0)) print_summary(plan);
  print("{} -> optimised SavedModel, {}\n", report.source_kind, precision_name(report.precision));
  if (report.checked)
    print("Checked: plans run from disk and from memory, the same results bit for bit\n");
  else if (!report.check_note.empty())
    print("Checked: {}\n", report.check_note);
  const auto kept = std::count_if(report.plans.begin(), report.plans.end(),
                                  [](const OptimizedPlan& plan) { return plan.kept; });
  if (kept > 0)
    print("Kept {} of {} plans that a run before had built, which did not come to its end\n", kept,
          report.plans.size());
  for (const OptimizedPlan& plan : report.plans)
    if (plan.tune_seconds > 0) print("Tuned {}\n", tuning_text(plan));
  print_gate(gate, arguments.gate, report.precision);
  print("Wrote {}: {} plan{}, {}, in {:.2f} s\n", arguments.destination, report.plans.size(),
        report.plans.size() == 1 ? "" : "s", bytes_text(report.bytes), seconds);
  return 0;
}

}  // namespace

int run_optimize(int argc, char** argv) {
  CLI::App app(
      "Builds engines and writes them into a SavedModel that TensorFlow still loads: thaw starts\n"
      "from it in milliseconds. Plans are for this kind of processor and the given input shapes.",
      "thaw optimize");
  app.footer(example("thaw optimize frozen_inference_graph.pb fast --shape 1x720x1280x3"));
  OptimizeArguments arguments;
  arguments.run.precision = "FP32";
  app.add_option("SRC", arguments.source, "Frozen graph (.pb, .pbtxt) or SavedModel")->required();
  app.add_option("DST", arguments.destination, "Folder to write")->required();
  app.add_option("--shape", arguments.shapes,
                 "Input shape to build for, such as 1x360x640x3; repeatable; default: the model's\n"
                 "own, 1x720x1280x3 where it is open")
      ->allow_extra_args(false);
  app.add_option("--precision", arguments.run.precision, "FP32, FP16, BF16 or INT8")
      ->capture_default_str();
  add_calibration_options(app, arguments.run.calibration, "Calibration");
  add_gate_options(app, arguments.gate);
  app.add_option("--outputs", arguments.outputs,
                 "Output tensors such as a:0,b:0; otherwise found by themselves")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--threads", arguments.run.threads, "Threads that layers are timed with; 0: all")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024).description(""));
  app.add_option("--max-cached-engines", arguments.max_cached_engines,
                 "Plans of other shapes that a process may build and keep in memory")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000).description(""));
  app.add_flag("--no-tune", arguments.no_tune,
               "Take the first kernel that can run a layer, not the fastest of a race");
  add_limit_options(app, arguments.run);
  add_timing_cache_option(app, arguments.run.timing_cache);
  app.add_flag("--no-build", arguments.no_build,
               "Write no plan: engines are built in memory when the model runs");
  app.add_flag("--no-build-at-runtime", arguments.no_build_at_runtime,
               "Engines of the model build no plan: shapes without one run on the slower plan");
  app.add_flag("--overwrite", arguments.overwrite, "Replace DST if it is there");
  app.add_option("--check-seconds", arguments.check_seconds,
                 "How long a plan may run to be timed and checked; 0: as long as it takes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] { return run(arguments); });
}

}  // namespace thaw::cli
