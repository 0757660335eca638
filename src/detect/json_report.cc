#include <fmt/format.h>

#include <cstddef>
#include <nlohmann/json.hpp>

#include "detect/report_output.h"
#include "thaw/report.h"

namespace thaw {
namespace {

// Bytes that are no UTF-8, as file names may have, become U+FFFD.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string detection_text(const Detection& detection) {
  return fmt::format(R"({{"class_id": {}, "label": {}, "score": {}, "box": [{}, {}, {}, {}]}})",
                     detection.class_id, quoted(detection.label), number_text(detection.score),
                     number_text(detection.box[0]), number_text(detection.box[1]),
                     number_text(detection.box[2]), number_text(detection.box[3]));
}

std::string result_text(const PictureResult& result) {
  std::string text = fmt::format(R"({{"file": {}, "width": {}, "height": {}, )",
                                 quoted(result.file), result.width, result.height);
  if (!result.error.empty()) return text + fmt::format(R"("error": {}}})", quoted(result.error));
  text += "\"detections\": [";
  for (size_t i = 0; i < result.detections.size(); ++i)
    text += (i == 0 ? "\n    " : ",\n    ") + detection_text(result.detections[i]);
  text += "], \"ms\": {";
  for (size_t i = 0; i < result.ms.size(); ++i)
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", quoted(result.ms[i].first),
                        number_text(result.ms[i].second));
  text += '}';
  if (!result.warning.empty()) text += ", \"warning\": " + quoted(result.warning);
  return text + '}';
}

std::string head_text(const ReportHead& head) {
  return fmt::format("{{\"model\": {}, \"device\": {}, \"precision\": {},\n \"images\": [",
                     quoted(head.model), quoted(head.device), quoted(head.precision));
}

std::string entry_text(const PictureResult& result, bool is_first) {
  return (is_first ? "\n  " : ",\n  ") + result_text(result);
}

constexpr const char* kEnd = "]}\n";

class JsonReport : public DetectionReport {
 public:
  JsonReport(const std::string& path, const ReportHead& head) : output_(path) {
    output_.write(head_text(head));
  }

  void add(const PictureResult& result) override {
    output_.write(entry_text(result, is_first_));
    is_first_ = false;
  }

  void finish() override {
    output_.write(kEnd);
    output_.finish();
  }

 private:
  ReportOutput output_;
  bool is_first_ = true;
};

}  // namespace

std::string detections_json(const ReportHead& head, const std::vector<PictureResult>& results) {
  std::string text = head_text(head);
  for (const PictureResult& result : results) text += entry_text(result, &result == results.data());
  return text + kEnd;
}

std::unique_ptr<DetectionReport> open_json_report(const std::string& path, const ReportHead& head) {
  return std::make_unique<JsonReport>(path, head);
}

}  // namespace thaw
