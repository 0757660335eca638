// Comma separated values by RFC 4180, with line feeds alone as line ends; control characters in
// names, line ends too, are shown as printable() shows them: a line is a detection.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/marks.h"
#include "detect/report_output.h"
#include "thaw/printable.h"
#include "thaw/report.h"

namespace thaw {
namespace {

std::string quoted(const std::string& name) {
  std::string text = printable(name);
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

int to_pixel(float edge, int size) {
  const float pixel = std::round(edge * static_cast<float>(size));
  return static_cast<int>(std::clamp(pixel, 0.0F, static_cast<float>(size)));
}

class CsvReport : public DetectionReport {
 public:
  explicit CsvReport(const std::string& path) : output_(path) { output_.write(kCsvHead); }

  void add(const PictureResult& result) override {
    std::string lines;
    for (const Detection& d : result.detections) {
      lines += fmt::format("{},{},{},{}", quoted(result.file), d.class_id, quoted(d.label),
                           number_text(d.score));
      for (float edge : d.box) lines += ',' + number_text(edge);
      lines += fmt::format(",{},{},{},{}\n", to_pixel(d.box[0], result.height),
                           to_pixel(d.box[1], result.width), to_pixel(d.box[2], result.height),
                           to_pixel(d.box[3], result.width));
    }
    output_.write(lines);
  }

  void finish() override { output_.finish(); }

 private:
  ReportOutput output_;
};

}  // namespace

std::unique_ptr<DetectionReport> open_csv_report(const std::string& path) {
  return std::make_unique<CsvReport>(path);
}

}  // namespace thaw
