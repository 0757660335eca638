// thaw compare: what changes between two detectors, and what that costs.
#include "thaw/compare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/calibration.h"
#include "cli/command.h"
#include "cli/compare_text.h"
#include "cli/exit_status.h"
#include "cli/json.h"
#include "cli/message.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/sources.h"
#include "cli/tile_options.h"
#include "thaw/detector.h"
#include "thaw/error.h"

namespace thaw::cli {
namespace {

struct CompareArguments {
  std::string a;
  std::string b;
  std::vector<std::string> images;
  std::string labels;
  std::string truth;
  float score = 0.5F;
  std::optional<double> max_map_drop;
  std::optional<double> max_score_change;
  std::string report;
  HtmlReportOptions html;
  RunOptions run;
  std::vector<std::string> roles;
  TileArguments tiles;
  // Of B alone; where they are empty B runs as A does.
  std::string b_device;
  std::string b_precision;
  std::vector<std::string> b_roles;
  TileArguments b_tiles;
  OutputOptions output;
};

CompareSide side_of(const std::string& path, const RunOptions& run,
                    const std::vector<std::string>& roles) {
  CompareSide side;
  side.roles = parse_roles("--outputs", roles);
  side.path = path;
  side.model = run.model_options();
  side.engine = run.engine_options();
  const bool calibrates = run.calibration.asked();
  if (calibrates && !is_detections_document(path))
    side.engine = calibrated_options(run, load_detector(path, side.model, side.roles), true);
  return side;
}

CompareSide side_b(const CompareArguments& arguments) {
  RunOptions run = arguments.run;
  if (!arguments.b_device.empty()) run.device = arguments.b_device;
  if (!arguments.b_precision.empty()) run.precision = arguments.b_precision;
  CompareSide side =
      side_of(arguments.b, run, arguments.b_roles.empty() ? arguments.roles : arguments.b_roles);
  apply_tile_options(arguments.tiles, side.detect);
  if (!arguments.b_tiles.tiles.empty() || !arguments.b_tiles.roi.empty())
    apply_tile_options(arguments.b_tiles, side.detect, "b-");
  return side;
}

CompareOptions compare_options(const CompareArguments& arguments) {
  CompareOptions options;
  options.a = side_of(arguments.a, arguments.run, arguments.roles);
  apply_tile_options(arguments.tiles, options.a.detect);
  options.b = side_b(arguments);
  options.pictures = expand_sources(arguments.images);
  options.labels = arguments.labels;
  options.truth = arguments.truth;
  options.score = arguments.score;
  options.max_map_drop = arguments.max_map_drop;
  options.max_score_change = arguments.max_score_change;
  return options;
}

Comparison compare_with_progress(const CompareArguments& arguments) {
  CompareOptions options = compare_options(arguments);
  std::unique_ptr<Progress> progress;
  options.progress = [&](const std::string& file, size_t, size_t count) {
    if (!progress) progress = std::make_unique<Progress>(count);
    progress->step(file);
  };
  return compare(options);
}

int status_of(const Comparison& comparison) {
  int status = 0;
  for (const Gate& gate : comparison.gates) {
    if (gate.passed) continue;
    print(stderr, "thaw: gate missed: {}: {}\n", gate.name, gate.text);
    status = kGateMissed;
  }
  if (comparison.totals.unreadable == 0) return status;
  if (comparison.pictures.size() > 1)
    print(stderr, "thaw: {} of {} pictures could not be read\n", comparison.totals.unreadable,
          comparison.pictures.size());
  return exit_status(ErrorKind::kInput);
}

void ask_for_report(const CompareArguments& arguments) {
  OutputRule rule = arguments.output.rule();
  arguments.run.tell_reads(rule);
  tell_reads(rule, arguments.images);
  for (const std::string& path : {arguments.a, arguments.b, arguments.labels, arguments.truth})
    rule.reads(path);
  rule.writes(arguments.report, OutputKind::kReport);
}

int run(const CompareArguments& arguments) {
  ask_for_report(arguments);
  const Comparison comparison = compare_with_progress(arguments);
  for (const ComparedPicture& picture : comparison.pictures) {
    if (!picture.error.empty()) print(stderr, "thaw: error: {}\n", picture.error);
    if (!picture.warning.empty()) warn(fmt::format("{}: {}", picture.file, picture.warning));
  }
  for (const std::string& warning : comparison.warnings) warn(warning);
  if (!arguments.report.empty()) write_html_report(arguments.report, comparison, arguments.html);
  if (arguments.output.json)
    write_raw(stdout, comparison_json(comparison));
  else
    print_text(stdout, comparison_text(comparison));
  if (!arguments.report.empty())
    print(arguments.output.json ? stderr : stdout, "Wrote {}\n", arguments.report);
  flush_output();
  return status_of(comparison);
}

void add_options(CLI::App& app, CompareArguments& arguments) {
  app.add_option("A", arguments.a, "Model, or a document of `thaw detect --json`")->required();
  app.add_option("B", arguments.b, "Another one, or the same run otherwise")->required();
  app.add_option("--images", arguments.images, "Photographs, folders, quoted globs");
  app.add_option("--labels", arguments.labels, "Label map (.pbtxt) or one label a line (.txt)");
  app.add_option("--score", arguments.score, "Lowest score that counts")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0).description(""));
  app.add_option("--truth", arguments.truth, "What is in the pictures (COCO instances, .json)");
  app.add_option("--report", arguments.report, "Report with charts and pictures, one HTML file");
  app.add_option("--report-pictures", arguments.html.max_pictures, "So many pictures, worst first")
      ->capture_default_str();
  app.add_option("--max-map-drop", arguments.max_map_drop,
                 "Gate: status 1 when AP falls by more, such as 0.005")
      ->check(CLI::Range(0.0, 1.0).description(""));
  app.add_option("--max-score-change", arguments.max_score_change,
                 "Gate: status 1 when a score changes by more, such as 0.02")
      ->check(CLI::Range(0.0, 1.0).description(""));
}

void add_side_options(CLI::App& app, CompareArguments& arguments) {
  constexpr const char* kGroup = "Of B alone (default: as A)";
  app.add_option("--b-precision", arguments.b_precision, "As --precision")->group(kGroup);
  app.add_option("--b-device", arguments.b_device, "As --device")->group(kGroup);
  app.add_option("--b-outputs", arguments.b_roles, "As --outputs")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kGroup);
  add_tile_options(app, arguments.b_tiles, "b-", kGroup);
}

}  // namespace

int run_compare(int argc, char** argv) {
  CLI::App app(
      "Runs two detectors on the same pictures: which detections are matched, lost, new or\n"
      "relabelled, how accurate both are where the truth is known, and what they cost in time.",
      "thaw compare");
  app.footer(
      example("thaw compare frozen_inference_graph.pb saved_model --images validation/ \\\n"
              "      --truth validation/coco.json --report report.html --max-map-drop 0.005"));
  CompareArguments arguments;
  add_options(app, arguments);
  add_tile_options(app, arguments.tiles);
  add_side_options(app, arguments);
  add_roles_option(app, arguments.roles);
  add_run_options(app, arguments.run);
  add_overwrite_option(app, arguments.output);
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] { return run(arguments); });
}

}  // namespace thaw::cli
