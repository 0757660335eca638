#include "thaw/detector.h"

#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/error.h"

namespace thaw::c_api {
namespace {

DetectOptions detect_options(const thaw_detect_options* options) {
  const thaw_detect_options from = taken(options, "thaw_detect_options");
  DetectOptions to;
  if (from.has_score != 0) to.score = from.score;
  for (size_t i = 0; i < from.class_score_count; ++i) {
    const thaw_class_score& one = (&need(from.class_scores, "thaw_detect_options.class_scores"))[i];
    to.class_scores[one.class_id] = one.score;
  }
  if (from.class_count > 0) {
    need(from.classes, "thaw_detect_options.classes");
    to.classes.assign(from.classes, from.classes + from.class_count);
  }
  if (from.has_region != 0) std::copy_n(from.region, 4, to.region.begin());
  if (from.tile_rows != 0) to.tiles.rows = from.tile_rows;
  if (from.tile_columns != 0) to.tiles.columns = from.tile_columns;
  if (from.tile_overlap != 0) to.tiles.overlap = from.tile_overlap;
  to.tiles.whole = from.no_whole == 0;
  to.tiles.batch = from.tile_batch;
  return to;
}

}  // namespace
}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_detector_create(const thaw_model* model, const thaw_engine_options* engine,
                                 const thaw_detector_options* options, thaw_detector** detector) {
  return guarded([&] {
    need(detector, "detector");
    const thaw_detector_options from = taken(options, "thaw_detector_options");
    const thaw::OutputRoles roles{text_or(from.boxes), text_or(from.scores), text_or(from.classes),
                                  text_or(from.num)};
    const thaw::Model& of = need(model, "model").model;
    *detector = new thaw_detector{
        thaw::Detector(of, engine_options(engine), text_or(from.labels), roles), of.path()};
  });
}

void thaw_detector_free(thaw_detector* detector) { delete detector; }

thaw_status thaw_detector_detect(const thaw_detector* detector, const thaw_picture* picture,
                                 const thaw_detect_options* options, thaw_detections** detections) {
  return guarded([&] {
    need(detections, "detections");
    const thaw::Picture& on = need(picture, "picture").picture;
    thaw::DetectInfo info;
    auto found = need(detector, "detector").detector.detect(on, detect_options(options), &info);
    *detections = new thaw_detections{std::move(found), on.width, on.height, info.stages};
  });
}

thaw_status thaw_detector_class_id(const thaw_detector* detector, const char* label,
                                   int32_t* class_id) {
  return guarded([&] {
    need(class_id, "class_id") =
        need(detector, "detector").detector.class_ids({&need(label, "label")}).front();
  });
}

void thaw_detections_free(thaw_detections* detections) { delete detections; }

size_t thaw_detections_count(const thaw_detections* detections) {
  return detections->detections.size();
}

thaw_status thaw_detections_get(const thaw_detections* detections, size_t index,
                                thaw_detection* detection) {
  return guarded([&] {
    const auto& all = need(detections, "detections").detections;
    if (index >= all.size())
      throw thaw::UsageError(
          fmt::format("there are {} detections, no number {}", all.size(), index));
    const thaw::Detection& one = all[index];
    thaw_detection to{one.class_id, one.score, {}, one.label.c_str()};
    std::copy(one.box.begin(), one.box.end(), to.box);
    need(detection, "detection") = to;
  });
}

thaw_status thaw_detections_filter(const thaw_detections* detections,
                                   const thaw_detect_options* options, thaw_detections** filtered) {
  return guarded([&] {
    need(filtered, "filtered");
    const thaw_detections& from = need(detections, "detections");
    *filtered = new thaw_detections{thaw::filtered(from.detections, detect_options(options)),
                                    from.width, from.height, from.stages};
  });
}

thaw_status thaw_detections_stages(const thaw_detections* detections, thaw_stage_times* times) {
  return guarded([&] { give_stages(need(detections, "detections").stages, times); });
}

thaw_status thaw_detections_annotate(const thaw_detections* detections, const thaw_picture* picture,
                                     thaw_picture** annotated) {
  return guarded([&] {
    need(annotated, "annotated");
    *annotated = new thaw_picture{
        thaw::annotate(need(picture, "picture").picture, need(detections, "detections").detections),
        ""};
  });
}

}  // extern "C"
