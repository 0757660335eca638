#include "detect/compare/detections_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/input_file.h"
#include "detect/json_reading.h"
#include "thaw/compare.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{256} << 20;

int int_of(const JsonObject& object, const char* field, int64_t least) {
  const int64_t value = object.integer(field);
  if (value < least || value > std::numeric_limits<int>::max())
    object.fail(field, fmt::format("{} or more", least), std::to_string(value));
  return static_cast<int>(value);
}

float float_of(const JsonObject& object, const char* field, double value) {
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max()))
    object.fail(field, "a float32 number", fmt::format("{}", value));
  return static_cast<float>(value);
}

Detection detection_of(const JsonObject& object) {
  Detection detection;
  detection.class_id = int_of(object, "class_id", std::numeric_limits<int>::min());
  detection.label = object.has("label") ? object.text("label") : std::to_string(detection.class_id);
  detection.score = float_of(object, "score", object.number("score"));
  const std::vector<double> box = object.numbers("box", 4);
  for (size_t i = 0; i < 4; ++i) detection.box[i] = float_of(object, "box", box[i]);
  return detection;
}

PictureResult picture_of(const JsonObject& object) {
  PictureResult picture;
  picture.file = object.text("file");
  if (object.has("width")) picture.width = int_of(object, "width", 0);
  if (object.has("height")) picture.height = int_of(object, "height", 0);
  if (object.has("error")) {
    picture.error = object.text("error");
    return picture;
  }
  if (object.has("warning")) picture.warning = object.text("warning");
  for (const JsonObject& found : object.objects("detections"))
    picture.detections.push_back(detection_of(found));
  std::stable_sort(picture.detections.begin(), picture.detections.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  if (object.has("ms")) {
    const JsonObject ms = object.object("ms");
    for (const char* stage : {"decode", "preprocess", "network", "postprocess"})
      if (ms.has(stage)) picture.ms.emplace_back(stage, ms.number(stage));
  }
  return picture;
}

}  // namespace

bool is_detections_document(const std::string& path) {
  try {
    for (const char c : InputFile(path).head(64)) {
      if (c == '{') return true;
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return false;
    }
  } catch (const InputError&) {
    return false;
  }
  return false;
}

DetectionsFile parse_detections(std::string_view text, const std::string& name) {
  const nlohmann::json json =
      parse_json(text, name,
                 {"model", "device", "precision", "images", "file", "width", "height", "error",
                  "warning", "detections", "class_id", "label", "score", "box", "ms", "decode",
                  "preprocess", "network", "postprocess"});
  const JsonObject root(json, name);
  DetectionsFile file;
  if (root.has("model")) file.head.model = root.text("model");
  if (root.has("device")) file.head.device = root.text("device");
  if (root.has("precision")) file.head.precision = root.text("precision");
  for (const JsonObject& object : root.objects("images"))
    file.pictures.push_back(picture_of(object));
  return file;
}

DetectionsFile read_detections_file(const std::string& path) {
  return parse_detections(InputFile(path).read_all(kMaxBytes), path);
}

}  // namespace thaw
