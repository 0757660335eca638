// thaw summary: what an engine makes of a model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/calibration.h"
#include "cli/command.h"
#include "cli/layer_summary.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/summary_html.h"
#include "thaw/error.h"
#include "thaw/files.h"
#include "thaw/model.h"

namespace thaw::cli {
namespace {

constexpr int kRuns = 50;

struct SummaryArguments {
  std::string model;
  std::vector<std::string> shapes;
  bool time = false;
  std::string html;
  RunOptions run;
  OutputOptions output;
};

void ask_for_html(const SummaryArguments& arguments) {
  OutputRule rule = arguments.output.rule();
  rule.reads(arguments.model);
  arguments.run.tell_reads(rule);
  if (!arguments.html.empty()) rule.writes(arguments.html, OutputKind::kSummary);
}

int summary(const SummaryArguments& arguments) {
  ask_for_html(arguments);
  const ModelOptions model_options = arguments.run.model_options();
  const Model model = Model::load(arguments.model, model_options);
  const std::vector<std::vector<Shape>> shapes =
      group_shapes("--shape", parse_shapes("--shape", arguments.shapes), model.inputs());
  const std::vector<PlanSummary> plans =
      summarise(model, model_options, calibrated_options(arguments.run, model), shapes,
                arguments.time ? kRuns : 0);
  Json json = {{"model", arguments.model},
               {"inputs", tensor_infos_json(model.inputs())},
               {"outputs", tensor_infos_json(model.outputs())},
               {"plans", Json::array()}};
  for (const PlanSummary& plan : plans) json["plans"].push_back(summary_json(plan));
  if (!arguments.html.empty()) write_whole_file(arguments.html, summary_html(json));
  if (!arguments.output.json) {
    for (const PlanSummary& plan : plans) print_summary(plan);
    if (!arguments.html.empty()) print("Wrote {}\n", arguments.html);
    return 0;
  }
  write_text("-", dump(json));
  return 0;
}

}  // namespace

int run_summary(int argc, char** argv) {
  CLI::App app(
      "Says what runs a model: layers with their kernels, shapes and times, and why faster "
      "kernels\n"
      "were passed over. Times are those that `thaw optimize` measured, or new ones with --time.",
      "thaw summary");
  app.footer(example("thaw summary fast_model --time --threads 1"));
  SummaryArguments arguments;
  app.add_option("MODEL", arguments.model, "Optimised SavedModel, SavedModel or frozen graph")
      ->required();
  app.add_option("--shape", arguments.shapes,
                 "Input shape such as 1x360x640x3; repeatable; default: those with a plan")
      ->allow_extra_args(false);
  app.add_flag("--time", arguments.time, "Time the layers now, on a made-up input");
  app.add_option("--html", arguments.html,
                 "The graph drawn, with segments, times and kernels: one HTML file");
  add_run_options(app, arguments.run);
  add_overwrite_option(app, arguments.output);
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] { return summary(arguments); });
}

}  // namespace thaw::cli
