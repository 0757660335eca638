// thaw detect: photographs in, detections out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/annotator.h"
#include "cli/calibration.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/exit_status.h"
#include "cli/message.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/sources.h"
#include "cli/text.h"
#include "cli/tile_options.h"
#include "thaw/detector.h"
#include "thaw/error.h"
#include "thaw/report.h"

namespace thaw::cli {
namespace {

struct DetectArguments {
  std::string model;
  std::vector<std::string> sources;
  std::string labels;
  float score = 0.5F;
  std::vector<std::string> classes;
  std::vector<std::string> class_scores;
  std::string annotate;
  std::string json;
  std::string csv;
  std::string shard;
  TileArguments tiles;
  std::vector<std::string> roles;
  RunOptions run;
  OutputOptions output;

  bool to_stdout() const { return json == "-" || csv == "-"; }
};

DetectOptions detect_options(const DetectArguments& arguments, const Detector& detector) {
  DetectOptions options;
  options.score = arguments.score;
  options.classes = detector.class_ids(arguments.classes);
  for (const std::string& text : arguments.class_scores) {
    const auto [label, score] = parse_class_score("--class-score", text);
    for (const int id : detector.class_ids({label})) options.class_scores[id] = score;
  }
  apply_tile_options(arguments.tiles, options);
  return options;
}

// Fills in all but file and error; throws InputError for a picture that can't be used.
void detect_in(const Detector& detector, const DetectOptions& options, const Annotator& annotator,
               PictureResult& result) {
  const auto start = Clock::now();
  const Picture picture = read_picture(result.file, &result.warning);
  const double decode = milliseconds_since(start);
  result.width = picture.width;
  result.height = picture.height;
  DetectInfo info;
  result.detections = detector.detect(picture, options, &info);
  const StageTimes& stages = info.stages;
  result.ms = {{"decode", decode},
               {"preprocess", stages.preprocess},
               {"network", stages.network},
               {"postprocess", stages.postprocess}};
  annotator.write(result.file, picture, result.detections);
}

PictureResult detect_one(const Detector& detector, const std::string& file,
                         const DetectOptions& options, const Annotator& annotator) {
  PictureResult result;
  result.file = file;
  try {
    detect_in(detector, options, annotator, result);
  } catch (const InputError& error) {
    result.error = error.what();
    if (result.error.find(file) == std::string::npos) result.error = file + ": " + result.error;
  }
  return result;
}

// "a.jpg 1280x720: dog 0.93, car 0.71 (8.1 ms)"; decoding is not part of the time.
std::string line_of(const PictureResult& result) {
  std::string found;
  for (const Detection& d : result.detections)
    found += fmt::format("{}{} {:.2f}", found.empty() ? "" : ", ", d.label, d.score);
  double ms = 0;
  for (const auto& [stage, time] : result.ms) ms += stage == "decode" ? 0 : time;
  return fmt::format("{} {}x{}: {} ({})", result.file, result.width, result.height,
                     found.empty() ? "nothing" : found, ms_text(ms));
}

// The files and lines that were asked for.
class Outputs {
 public:
  Outputs(const DetectArguments& arguments, const Engine& engine) : lines_(!arguments.to_stdout()) {
    const ReportHead head{arguments.model, engine.device(), precision_name(engine.precision())};
    if (!arguments.json.empty()) reports_.push_back(open_json_report(arguments.json, head));
    if (!arguments.csv.empty()) reports_.push_back(open_csv_report(arguments.csv));
  }

  void add(const PictureResult& result) {
    for (const auto& report : reports_) report->add(result);
    if (!result.error.empty())
      print(stderr, "thaw: error: {}\n", result.error);
    else if (lines_)
      print("{}\n", line_of(result));
    if (!result.warning.empty()) warn(fmt::format("{}: {}", result.file, result.warning));
  }

  void finish() {
    for (const auto& report : reports_) report->finish();
  }

 private:
  bool lines_;
  std::vector<std::unique_ptr<DetectionReport>> reports_;
};

// Told of all that is read; it has allowed the reports.
OutputRule output_rule(const DetectArguments& arguments, const std::vector<std::string>& pictures) {
  OutputRule rule = arguments.output.rule();
  arguments.run.tell_reads(rule);
  for (const std::string& path : pictures) rule.reads(path);
  rule.reads(arguments.labels);
  rule.reads(arguments.model);
  rule.writes(arguments.json, OutputKind::kDetections);
  rule.writes(arguments.csv, OutputKind::kCsv);
  return rule;
}

int detect(const DetectArguments& arguments) {
  const Shard shard = arguments.shard.empty() ? Shard() : parse_shard(arguments.shard);
  const std::vector<std::string> all = expand_sources(arguments.sources);
  const std::vector<std::string> files = expand_sources(arguments.sources, shard);
  OutputRule rule = output_rule(arguments, all);
  const Annotator annotator(arguments.annotate, all, files, rule);
  const OutputRoles roles = parse_roles("--outputs", arguments.roles);
  const Model model = load_detector(arguments.model, arguments.run.model_options(), roles);
  EngineOptions engine_options = calibrated_options(arguments.run, model, true);
  // A size of pictures takes two plans: the whole and its tiles.
  if (!arguments.tiles.tiles.empty())
    engine_options.max_cached_engines = 2 * engine_options.max_cached_engines.value_or(4);
  const Detector detector(model, engine_options, arguments.labels, roles);
  const DetectOptions options = detect_options(arguments, detector);
  Outputs outputs(arguments, detector.engine());
  size_t unreadable = 0;
  {
    Progress progress(arguments.to_stdout() ? files.size() : 0);
    for (const std::string& file : files) {
      progress.step(file);
      const PictureResult result = detect_one(detector, file, options, annotator);
      unreadable += result.error.empty() ? 0 : 1;
      outputs.add(result);
    }
  }
  outputs.finish();
  if (unreadable == 0) return 0;
  if (files.size() > 1)
    print(stderr, "thaw: {} of {} pictures could not be read\n", unreadable, files.size());
  return exit_status(ErrorKind::kInput);
}

}  // namespace

int run_detect(int argc, char** argv) {
  CLI::App app(
      "Finds objects in photographs (JPEG, PNG, BMP, GIF). A picture that can't be read is\n"
      "reported, the others still come, and the exit status is 3.",
      "thaw detect");
  app.footer(
      example("thaw detect frozen_inference_graph.pb photos/ --labels mscoco_label_map.pbtxt \\\n"
              "      --score 0.4 --classes \"traffic light,car\" --annotate out --json out.json"));
  DetectArguments arguments;
  app.add_option("MODEL", arguments.model, "Frozen graph (.pb, .pbtxt) or SavedModel")->required();
  app.add_option("SOURCE", arguments.sources, "Photographs, folders, quoted globs")->required();
  app.add_option("--labels", arguments.labels, "Label map (.pbtxt) or one label a line (.txt)");
  app.add_option("--score", arguments.score, "Lowest score that counts")->capture_default_str();
  app.add_option("--classes", arguments.classes, "Only these labels or class numbers")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--class-score", arguments.class_scores,
                 "Another lowest score for a label, such as \"traffic light=0.3\"")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_tile_options(app, arguments.tiles);
  app.add_option("--shard", arguments.shard, "Only part i of N of the pictures, such as 1/4");
  app.add_option("--annotate", arguments.annotate, "Folder for pictures with boxes and labels")
      ->group("Output");
  app.add_option("--json", arguments.json, "File for the detections as JSON; - is standard output")
      ->group("Output");
  app.add_option("--csv", arguments.csv, "The same as CSV")->group("Output");
  add_roles_option(app, arguments.roles);
  add_run_options(app, arguments.run);
  add_overwrite_option(app, arguments.output);
  add_output_options(app, arguments.output, false);
  return parse_and_run(app, argc, argv, arguments.output, [&] {
    if (arguments.json == "-" && arguments.csv == "-")
      throw UsageError("--json and --csv can't both go to standard output");
    return detect(arguments);
  });
}

}  // namespace thaw::cli
