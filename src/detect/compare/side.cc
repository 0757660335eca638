#include "detect/compare/side.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "base/clock.h"
#include "detect/compare/detections_file.h"
#include "detect/compare/match_detections.h"
#include "detect/compare/name_index.h"
#include "detect/label_map.h"
#include "thaw/detector.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// What of a picture is looked at, for people.
std::string parts_text(const DetectOptions& options) {
  std::string text;
  const TileOptions& tiles = options.tiles;
  if (tiles.rows * tiles.columns > 1)
    text = fmt::format("{}x{} tiles{}", tiles.rows, tiles.columns, tiles.whole ? "" : " only");
  const auto& region = options.region;
  if (region != DetectOptions().region)
    text += fmt::format("{}region {},{},{},{}", text.empty() ? "" : ", ", region[0], region[1],
                        region[2], region[3]);
  return text;
}

class DetectorSide : public Side {
 public:
  DetectorSide(const CompareSide& side, const std::string& labels, float score)
      : detector_(load_detector(side.path, side.model, side.roles), engine_options(side), labels,
                  side.roles),
        options_(side.detect),
        path_(side.path) {
    is_cut_ = options_.tiles.rows * options_.tiles.columns > 1;
    options_.score = is_cut_ ? score : 0;
    options_.class_scores.clear();
  }

  ComparedSide head() const override {
    ComparedSide head;
    head.path = path_;
    head.device = detector_.engine().device();
    head.precision = precision_name(detector_.engine().precision());
    head.parts = parts_text(options_);
    return head;
  }
  bool needs_pixels() const override { return true; }
  std::vector<std::string> files() const override { return {}; }

  // The first picture of a size runs twice: building the plan is no part of the time. Sizes past
  // max_cached_engines, which run without a plan of their own, are not timed.
  SideResult detect(const std::string&, const Picture* picture) override {
    SideResult result;
    result.width = picture->width;
    result.height = picture->height;
    if (sizes_.insert({picture->width, picture->height}).second)
      detector_.detect(*picture, options_);
    const auto start = Clock::now();
    DetectInfo info;
    result.detections = detector_.detect(*picture, options_, &info);
    const double ms = milliseconds_since(start);
    if (info.is_planned) was_planned_ = true;
    if (info.is_planned == was_planned_ && info.stages.prepare == 0) result.ms = ms;
    if (is_cut_) add_faint(*picture, result.detections);
    std::stable_sort(result.detections.begin(), result.detections.end(),
                     [](const Detection& x, const Detection& y) { return x.score > y.score; });
    return result;
  }

 private:
  // What tiles have in common is merged, and faint detections take part in that. So those of the
  // score or more are found without them, as `thaw detect` does, and faint ones are added where
  // there is none of their class yet.
  void add_faint(const Picture& picture, std::vector<Detection>& detections) {
    DetectOptions options = options_;
    options.score = 0;
    const size_t count = detections.size();
    for (Detection& faint : detector_.detect(picture, options)) {
      const auto is_same = [&](const Detection& found) {
        return found.class_id == faint.class_id && box_iou(found.box, faint.box) >= 0.5;
      };
      const auto end = detections.begin() + static_cast<std::ptrdiff_t>(count);
      if (faint.score < options_.score && std::none_of(detections.begin(), end, is_same))
        detections.push_back(std::move(faint));
    }
  }

  // A size of pictures takes two plans where they are cut: the whole and its tiles.
  static EngineOptions engine_options(const CompareSide& side) {
    EngineOptions options = side.engine;
    if (side.detect.tiles.rows * side.detect.tiles.columns > 1)
      options.max_cached_engines = 2 * options.max_cached_engines.value_or(4);
    return options;
  }

  const Detector detector_;
  DetectOptions options_;
  std::string path_;
  std::set<std::pair<int, int>> sizes_;
  bool is_cut_ = false;
  bool was_planned_ = false;
};

class DocumentSide : public Side {
 public:
  DocumentSide(const CompareSide& side, const std::string& label_file)
      : path_(side.path), document_(read_detections_file(side.path)) {
    if (!label_file.empty()) relabel(LabelMap::read(label_file));
    for (const PictureResult& picture : document_.pictures) names_.add(picture.file);
  }

  ComparedSide head() const override {
    ComparedSide head;
    head.path = path_;
    head.device = document_.head.device;
    head.precision = document_.head.precision;
    return head;
  }
  bool needs_pixels() const override { return false; }

  std::vector<std::string> files() const override {
    std::vector<std::string> files;
    for (const PictureResult& picture : document_.pictures) files.push_back(picture.file);
    return files;
  }

  SideResult detect(const std::string& file, const Picture*) override {
    const int place = names_.find(file, path_);
    if (place < 0) throw InputError(fmt::format("{}: is not among the images of {}", file, path_));
    const PictureResult& picture = document_.pictures[static_cast<size_t>(place)];
    if (!picture.error.empty()) throw InputError(picture.error);
    SideResult result;
    result.detections = picture.detections;
    result.width = picture.width;
    result.height = picture.height;
    for (const auto& [stage, ms] : picture.ms)
      if (stage != "decode") result.ms = std::max(result.ms, 0.0) + ms;
    return result;
  }

 private:
  void relabel(const LabelMap& labels) {
    for (PictureResult& picture : document_.pictures)
      for (Detection& detection : picture.detections)
        detection.label = labels.name(detection.class_id);
  }

  std::string path_;
  DetectionsFile document_;
  NameIndex names_;
};

}  // namespace

std::unique_ptr<Side> open_side(const CompareSide& side, const std::string& labels, float score) {
  if (is_detections_document(side.path)) return std::make_unique<DocumentSide>(side, labels);
  return std::make_unique<DetectorSide>(side, labels, score);
}

}  // namespace thaw
