#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "thaw/compare.h"

namespace thaw {
namespace {

using Json = nlohmann::ordered_json;

// The double that prints as the float would.
double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

Json known(double value) { return value < 0 ? Json(nullptr) : Json(value); }

Json side_json(const ComparedSide& side) {
  return {{"model", side.path},
          {"device", side.device},
          {"precision", side.precision},
          {"parts", side.parts},
          {"ms", {{"mean", known(side.ms_mean)}, {"p50", known(side.ms_p50)}}}};
}

Json detection_json(const std::vector<Detection>& detections, int index) {
  if (index < 0) return nullptr;
  const Detection& detection = detections[static_cast<size_t>(index)];
  Json box = Json::array();
  for (const float edge : detection.box) box.push_back(shortest(edge));
  return {{"class_id", detection.class_id},
          {"label", detection.label},
          {"score", shortest(detection.score)},
          {"box", box}};
}

Json picture_json(const ComparedPicture& picture) {
  Json json = {{"file", picture.file}, {"width", picture.width}, {"height", picture.height}};
  if (!picture.error.empty()) {
    json["error"] = picture.error;
    return json;
  }
  Json pairs = Json::array();
  for (const DetectionPair& pair : picture.pairs) {
    Json one = {{"kind", pair_kind_name(pair.kind)},
                {"a", detection_json(picture.a, pair.a)},
                {"b", detection_json(picture.b, pair.b)},
                {"score_change", pair.score_change}};
    if (pair.a >= 0 && pair.b >= 0) {
      one["iou"] = pair.iou;
      one["corner_shift"] = pair.corner_shift;
    }
    pairs.push_back(std::move(one));
  }
  json["pairs"] = std::move(pairs);
  json["ms"] = {{"a", known(picture.ms_a)}, {"b", known(picture.ms_b)}};
  if (picture.has_truth) json["tags"] = picture.tags;
  if (!picture.warning.empty()) json["warning"] = picture.warning;
  return json;
}

Json totals_json(const ComparedTotals& totals) {
  return {{"pictures", totals.pictures},
          {"unreadable", totals.unreadable},
          {"matched", totals.matched},
          {"relabelled", totals.relabelled},
          {"lost", totals.lost},
          {"new", totals.added},
          {"score_change", {{"mean", totals.mean_score_change}, {"max", totals.max_score_change}}},
          {"iou", {{"mean", totals.mean_iou}, {"min", totals.min_iou}}},
          {"corner_shift", {{"mean", totals.mean_corner_shift}, {"max", totals.max_corner_shift}}},
          {"largest_change", totals.largest_change},
          {"largest_change_file", totals.largest_change_file}};
}

using Lines = std::array<double, kCocoLines>;

Json lines_json(const Lines& lines) {
  Json json = Json::object();
  for (size_t i = 0; i < kCocoLines; ++i) json[kCocoLineKeys[i]] = known(lines[i]);
  return json;
}

Json difference(double a, double b) { return a < 0 || b < 0 ? Json(nullptr) : Json(b - a); }

// "a", "b" and "change" of the 12 lines.
void put_lines(Json& json, const Lines& a, const Lines& b) {
  Json change = Json::object();
  for (size_t i = 0; i < kCocoLines; ++i) change[kCocoLineKeys[i]] = difference(a[i], b[i]);
  json["a"] = lines_json(a);
  json["b"] = lines_json(b);
  json["change"] = std::move(change);
}

Json confusion_json(const CocoConfusion& confusion) {
  Json rows = Json::array();
  for (size_t r = 0; r <= confusion.categories.size(); ++r) {
    Json row = Json::array();
    for (size_t c = 0; c <= confusion.categories.size(); ++c) row.push_back(confusion.at(r, c));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json categories_json(const ComparedTruth& truth) {
  Json list = Json::array();
  for (size_t k = 0; k < truth.categories.size(); ++k) {
    const double a = truth.a.category_ap(k);
    const double b = truth.b.category_ap(k);
    list.push_back({{"id", truth.categories[k].id},
                    {"name", truth.categories[k].name},
                    {"objects", truth.category_objects[k]},
                    {"ap", {{"a", known(a)}, {"b", known(b)}, {"change", difference(a, b)}}}});
  }
  return list;
}

Json truth_json(const ComparedTruth& truth) {
  Json json = {{"file", truth.file}, {"images", truth.images}, {"objects", truth.objects}};
  json["coco"] = Json::object();
  put_lines(json["coco"], truth.a.lines, truth.b.lines);
  json["tags"] = Json::array();
  for (const ComparedTag& tag : truth.tags) {
    Json row = {{"tag", tag.tag}, {"images", tag.images}, {"objects", tag.objects}};
    put_lines(row, tag.a, tag.b);
    json["tags"].push_back(std::move(row));
  }
  json["categories"] = categories_json(truth);
  json["confusion"] = {{"a", confusion_json(truth.confusion_a)},
                       {"b", confusion_json(truth.confusion_b)}};
  return json;
}

}  // namespace

std::string comparison_json(const Comparison& comparison) {
  Json json = {{"a", side_json(comparison.a)},
               {"b", side_json(comparison.b)},
               {"score", shortest(comparison.score)},
               {"total", totals_json(comparison.totals)}};
  json["images"] = Json::array();
  for (const ComparedPicture& picture : comparison.pictures)
    json["images"].push_back(picture_json(picture));
  if (comparison.truth) json["truth"] = truth_json(*comparison.truth);
  json["gates"] = Json::array();
  for (const Gate& gate : comparison.gates)
    json["gates"].push_back({{"name", gate.name},
                             {"limit", gate.limit},
                             {"value", gate.value},
                             {"passed", gate.passed},
                             {"text", gate.text}});
  json["warnings"] = comparison.warnings;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace thaw
