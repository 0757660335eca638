// thaw demo: the main job from end to end on the model and pictures that the repository carries.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cli/annotator.h"
#include "cli/calibration.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/comparison_summary.h"
#include "cli/demo_data.h"
#include "cli/json.h"
#include "cli/message.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/sources.h"
#include "cli/statistics.h"
#include "cli/text.h"
#include "cli/tile_options.h"
#include "thaw/compare.h"
#include "thaw/convert.h"
#include "thaw/detector.h"
#include "thaw/error.h"
#include "thaw/inspect.h"
#include "thaw/picture.h"
#include "thaw/report.h"

namespace thaw::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostPictures = 48;  // that are looked at; spread evenly over what there is
constexpr size_t kTimedPictures = 8;
constexpr size_t kWarmUpRuns = 10;
constexpr size_t kTimedRuns = 200;
constexpr double kTimedSeconds = 6;  // no more runs after that
constexpr double kTileSeconds = 15;  // that the look in tiles may take
constexpr int kSteps = 7;

struct DemoArguments {
  DemoData data;
  std::string folder;
  std::string out = "thaw_demo";
  float score = 0.5F;
  TileArguments tiles;
  std::string device = "auto";
  int threads = 0;
  std::vector<std::string> roles;
  OutputOptions output;
};

// At most `most` of them, evenly.
std::vector<std::string> spread(const std::vector<std::string>& all, size_t most) {
  const size_t count = std::min(all.size(), most);
  std::vector<std::string> chosen;
  for (size_t i = 0; i < count; ++i) chosen.push_back(all[i * all.size() / count]);
  return chosen;
}

// The steps, one after another; each says what it does before and what came out after.
class Demo {
 public:
  Demo(const DemoArguments& arguments, DemoData data)
      : arguments_(arguments),
        data_(std::move(data)),
        files_(spread(expand_sources(data_.images), kMostPictures)),
        to_(arguments.output.json ? stderr : stdout) {
    apply_tile_options(arguments_.tiles, tiles_);
    side_.path = data_.model;
    side_.roles = parse_roles("--outputs", arguments_.roles);
    side_.engine.device = arguments_.device;
    side_.engine.threads = arguments_.threads;
    side_.engine.max_cached_engines = 16;  // photographs of many sizes, and their tiles
    ask_for_files();
    make_folder(arguments_.out);
  }

  Json run() {
    const auto start = Clock::now();
    inspect_model();
    convert_model();
    detect_and_time();
    compare_converted();
    compare_numbers();
    compare_tiles();
    document_["seconds"] = seconds_since(start);
    finish(seconds_since(start));
    return std::move(document_);
  }

 private:
  template <class... Values>
  void step(fmt::format_string<Values...> format, Values&&... values) {
    print(to_, "[{}/{}] {}\n", ++step_, kSteps,
          fmt::format(format, std::forward<Values>(values)...));
    flush_output(to_);
  }
  template <class... Values>
  void tell(fmt::format_string<Values...> format, Values&&... values) {
    print(to_, "      {}\n", fmt::format(format, std::forward<Values>(values)...));
    flush_output(to_);
  }
  void ask_for_files();
  std::string path(const char* name) const { return (fs::path(arguments_.out) / name).string(); }

  void inspect_model();
  void convert_model();
  void detect_and_time();
  void detect_objects(const Detector& detector);
  void time_detector(const Detector& detector);
  void compare_converted();
  void compare_numbers();
  bool is_fast(const CompareSide& side) const;
  void compare_tiles();
  Comparison compare_with(const CompareSide& b, const std::vector<std::string>& files,
                          const char* report);
  void draw_gain(const Comparison& comparison);
  std::vector<std::string> far_pictures() const;
  void finish(double seconds);

  const DemoArguments& arguments_;
  const DemoData data_;
  const std::vector<std::string> files_;
  std::FILE* to_;
  CompareSide side_;     // the model as it is
  DetectOptions tiles_;  // how it looks again
  Json document_;
  std::string converted_;
  std::vector<std::string> reports_;
  std::vector<std::string> far_;  // pictures that show what tiles find
  double ms_p50_ = 0;
  int step_ = 0;
  bool overwrite_converted_ = false;
  std::optional<Annotator> annotator_;
};

// What was written here before is replaced; the converted model, which can't be told from others,
// where detections lie beside it that thaw wrote.
void Demo::ask_for_files() {
  OutputRule rule = arguments_.output.rule();
  tell_reads(rule, data_.images);
  for (const std::string& read : {data_.model, data_.labels, data_.truth}) rule.reads(read);
  const std::string detections = path("detections.json");
  overwrite_converted_ =
      arguments_.output.overwrite || is_made_by_thaw(detections, OutputKind::kDetections);
  rule.writes(detections, OutputKind::kDetections);
  rule.writes(path("detections.csv"), OutputKind::kCsv);
  for (const char* report :
       {"report_converted.html", "report_BF16.html", "report_INT8.html", "report_tiles.html"})
    rule.writes(path(report), OutputKind::kReport);
  for (const char* picture : {"far_whole.jpg", "far_tiles.jpg"})
    rule.writes(path(picture), OutputKind::kPicture);
  annotator_.emplace(path("pictures"), files_, files_, rule);
}

void Demo::inspect_model() {
  step("Inspect {}", data_.model);
  const Inspection found = inspect(data_.model);
  const DetectorInfo& d = found.detector;
  tell("{}, {}, {} nodes, {} parameters", found.kind, bytes_text(found.bytes), found.nodes,
       count_text(found.parameters));
  if (d.found)
    tell("{} on {}, {} pixels, {} anchors, {} classes", d.family, d.feature_extractor, d.resizer,
         d.anchors, d.classes);
  document_["model"] = data_.model;
  document_["detector"] = d.found ? Json(d.family) : Json(nullptr);
}

void Demo::convert_model() {
  const bool is_folder = fs::is_directory(data_.model);
  converted_ = path(is_folder ? "frozen_graph.pb" : "saved_model");
  step("Convert to {}", converted_);
  ConvertOptions options;
  options.overwrite = overwrite_converted_;
  const OutputRoles& roles = side_.roles;
  if (!is_folder && !roles.boxes.empty() && !roles.scores.empty() && !roles.classes.empty())
    for (const std::string* tensor : {&roles.num, &roles.boxes, &roles.scores, &roles.classes})
      if (!tensor->empty()) options.outputs.push_back(*tensor);
  const ConvertReport report = convert(data_.model, converted_, options);
  tell("{}, {}; {}", report.destination_kind, bytes_text(report.bytes),
       report.checked ? "read back and run: the same results bit for bit" : report.check_note);
  document_["numbers"] = Json::object();
  document_["converted"] = {{"path", converted_}, {"checked", report.checked}};
}

void Demo::detect_and_time() {
  const Detector detector(load_detector(data_.model, {}, side_.roles), side_.engine, data_.labels,
                          side_.roles);
  detect_objects(detector);
  time_detector(detector);
}

void Demo::detect_objects(const Detector& detector) {
  step("Find objects in {} pictures", files_.size());
  const auto json =
      open_json_report(path("detections.json"), {data_.model, detector.engine().device(), "FP32"});
  const auto csv = open_csv_report(path("detections.csv"));
  DetectOptions options;
  options.score = arguments_.score;
  std::map<std::string, size_t> counts;
  size_t objects = 0;
  Progress progress(files_.size());
  for (const std::string& file : files_) {
    progress.step(file);
    PictureResult result;
    result.file = file;
    const Picture picture = read_picture(file, &result.warning);
    result.width = picture.width;
    result.height = picture.height;
    DetectInfo info;
    result.detections = detector.detect(picture, options, &info);
    const StageTimes& stages = info.stages;
    result.ms = {{"preprocess", stages.preprocess},
                 {"network", stages.network},
                 {"postprocess", stages.postprocess}};
    json->add(result);
    csv->add(result);
    annotator_->write(file, picture, result.detections);
    for (const Detection& d : result.detections) ++counts[d.label];
    objects += result.detections.size();
  }
  json->finish();
  csv->finish();
  std::string text;
  for (const auto& [label, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? ": " : ", ", count, label);
  tell("{} objects{}", objects, text);
  document_["pictures"] = files_.size();
  document_["objects"] = objects;
}

void Demo::time_detector(const Detector& detector) {
  step("Time it on {} thread{}", detector.engine().threads(),
       detector.engine().threads() == 1 ? "" : "s");
  std::vector<Picture> pictures;
  for (size_t i = 0; i < std::min(files_.size(), kTimedPictures); ++i)
    pictures.push_back(read_picture(files_[i]));
  for (size_t i = 0; i < kWarmUpRuns; ++i) detector.detect(pictures[i % pictures.size()]);
  std::vector<double> total;
  std::vector<double> network;
  const auto start = Clock::now();
  for (size_t i = 0; i < kTimedRuns && seconds_since(start) < kTimedSeconds; ++i) {
    const auto before = Clock::now();
    DetectInfo info;
    detector.detect(pictures[i % pictures.size()], {}, &info);
    total.push_back(1e3 * seconds_since(before));
    network.push_back(info.stages.network);
  }
  const Statistics all = statistics(total);
  tell("{} a picture (p50 of {} runs, p99 {}), of which the network {}: {:.0f} pictures/s",
       ms_text(all.p50), total.size(), ms_text(all.p99), ms_text(statistics(network).p50),
       1e3 / all.p50);
  ms_p50_ = all.p50;
  document_["ms"] = {{"p50", all.p50}, {"p99", all.p99}, {"network", statistics(network).p50}};
}

Comparison Demo::compare_with(const CompareSide& b, const std::vector<std::string>& files,
                              const char* report) {
  CompareOptions options;
  options.a = side_;
  options.b = b;
  options.pictures = files;
  options.labels = data_.labels;
  options.truth = data_.truth;
  options.score = arguments_.score;
  Progress progress(files.size());
  options.progress = [&](const std::string& file, size_t, size_t) { progress.step(file); };
  Comparison comparison = compare(options);
  write_html_report(path(report), comparison);
  reports_.push_back(path(report));
  return comparison;
}

void Demo::compare_converted() {
  step("Compare both models on the pictures");
  CompareSide converted = side_;
  converted.path = converted_;
  const Comparison comparison = compare_with(converted, files_, "report_converted.html");
  tell("{}", summary_line(comparison));
  document_["converted"]["compare"] = summary_json(comparison);
}

// Layers in 16 and 8 bits, where this machine is faster with them.
void Demo::compare_numbers() {
  step("Compare with other numbers");
  for (const char* precision : {"BF16", "INT8"}) {
    RunOptions run;
    run.precision = precision;
    run.calibration.images = data_.images[0];
    const EngineOptions numbers =
        calibrated_options(run, load_detector(data_.model, {}, side_.roles), true);
    CompareSide side = side_;
    side.engine.precision = numbers.precision;
    side.engine.calibration = numbers.calibration;
    if (!is_fast(side)) {
      tell("{}: slower than FP32 on this machine", precision);
      continue;
    }
    const std::string report = fmt::format("report_{}.html", precision);
    const Comparison comparison = compare_with(side, files_, report.c_str());
    tell("{}: {} a picture instead of {}; {}", precision, ms_text(comparison.b.ms_p50),
         ms_text(comparison.a.ms_p50), summary_line(comparison));
    document_["numbers"][precision] = summary_json(comparison);
  }
}

// Two runs are enough to tell: where fast kernels are missing it takes many times as long.
bool Demo::is_fast(const CompareSide& side) const {
  const Detector detector(load_detector(side.path, {}, side.roles), side.engine, "", side.roles);
  const Picture picture = read_picture(files_[0]);
  detector.detect(picture);
  const auto start = Clock::now();
  detector.detect(picture);
  return 1e3 * seconds_since(start) < 2 * ms_p50_;
}

void Demo::compare_tiles() {
  const std::vector<std::string> files = far_pictures();
  step("Look at {} {}pictures again, in {}x{} tiles besides the whole", files.size(),
       data_.truth.empty() ? "" : "far ", tiles_.tiles.rows, tiles_.tiles.columns);
  CompareSide tiled = side_;
  tiled.detect = tiles_;
  const Comparison comparison = compare_with(tiled, files, "report_tiles.html");
  tell("{} a picture instead of {}; {}", ms_text(comparison.b.ms_p50), ms_text(comparison.a.ms_p50),
       summary_line(comparison));
  document_["tiles"] = summary_json(comparison);
  document_["tiles"]["rows"] = tiles_.tiles.rows;
  document_["tiles"]["columns"] = tiles_.tiles.columns;
  draw_gain(comparison);
}

// The picture in which tiles find most beyond the whole, both ways.
void Demo::draw_gain(const Comparison& comparison) {
  const ComparedPicture* best = nullptr;
  for (const ComparedPicture& picture : comparison.pictures)
    if (picture.error.empty() &&
        picture.count(PairKind::kNew) > (best ? best->count(PairKind::kNew) : 0))
      best = &picture;
  if (!best) return;
  const Picture picture = read_picture(best->file);
  for (const auto& [name, all] :
       {std::make_pair("far_whole.jpg", &best->a), std::make_pair("far_tiles.jpg", &best->b)}) {
    std::vector<Detection> shown;
    for (const Detection& d : *all)
      if (d.score >= arguments_.score) shown.push_back(d);
    write_picture(path(name), annotate(picture, shown));
    far_.push_back(path(name));
  }
}

// As many of the pictures that the truth calls far as the time allows, or of all.
std::vector<std::string> Demo::far_pictures() const {
  std::vector<std::string> far;
  if (!data_.truth.empty()) {
    std::set<std::string> names;
    for (const CocoImage& image : CocoTruth::read(data_.truth).images)
      if (std::find(image.tags.begin(), image.tags.end(), "far") != image.tags.end())
        names.insert(fs::path(image.file).filename().string());
    for (const std::string& file : expand_sources(data_.images))
      if (names.count(fs::path(file).filename().string()) > 0) far.push_back(file);
  }
  // A side in tiles runs twice a picture, the whole and the tiles.
  const int runs = 2 * (1 + tiles_.tiles.rows * tiles_.tiles.columns) + 2;
  const double ms = std::max(ms_p50_, 0.1) * runs;
  const auto most = static_cast<size_t>(std::clamp(1e3 * kTileSeconds / ms, 4.0, 60.0));
  return spread(far.empty() ? files_ : far, most);
}

void Demo::finish(double seconds) {
  print(to_, "\nDone in {:.0f} s.\n", seconds);
  std::vector<std::vector<std::string>> rows{
      {"Pictures with boxes", path("pictures")},
      {"Detections", path("detections.json") + ", " + path("detections.csv")},
      {"Converted model", converted_}};
  if (!far_.empty())
    rows.insert(rows.begin() + 1, {"Far objects", fmt::format("{}", fmt::join(far_, ", "))});
  rows.insert(rows.begin(), {"Reports", fmt::format("{}", fmt::join(reports_, ", "))});
  print_text(to_, table_text(rows, ""));
}

}  // namespace

int run_demo(int argc, char** argv) {
  CLI::App app(
      "Inspects, converts, detects, times and compares the bundled traffic light detector, or "
      "your\n"
      "own model on your own pictures, and says where the results are.",
      "thaw demo");
  app.footer(example("thaw demo --out build/demo"));
  DemoArguments arguments;
  arguments.tiles.tiles = "2x2";
  app.add_option("--out", arguments.out, "Folder for the results")->capture_default_str();
  app.add_option("--data", arguments.folder, "Folder with the example's data, as the repository's");
  app.add_option("--model", arguments.data.model, "Another model");
  app.add_option("--labels", arguments.data.labels, "Its label map");
  app.add_option("--images", arguments.data.images, "Other photographs, folders, quoted globs");
  app.add_option("--truth", arguments.data.truth, "Their COCO instances file");
  app.add_option("--score", arguments.score, "Lowest score that counts")->capture_default_str();
  add_tile_options(app, arguments.tiles);
  app.add_option("--device", arguments.device,
                 "auto, cpu, cuda, cuda:1, or ref (slow, obviously right)")
      ->capture_default_str();
  app.add_option("--threads", arguments.threads, "Threads; 0: as many as the process may use")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024).description(""));
  add_roles_option(app, arguments.roles);
  add_overwrite_option(app, arguments.output);
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] {
    const Json document = Demo(arguments, find_demo_data(arguments.data, arguments.folder)).run();
    if (arguments.output.json) write_text("-", dump(document));
    return 0;
  });
}

}  // namespace thaw::cli
