// Detections as JSON and CSV (docs/commands.md), written picture by picture.
// Functions may be called from any thread; a report is for one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thaw/detection.h"
#include "thaw/error.h"

namespace thaw {

// Nobody reads standard output any more.
class BrokenPipe : public ResourceError {
 public:
  BrokenPipe() : ResourceError("standard output: broken pipe") {}
};

// What the head of a report says.
struct ReportHead {
  std::string model;
  std::string device;
  std::string precision;
};

struct PictureResult {
  std::string file;
  int width = 0;
  int height = 0;
  std::vector<Detection> detections;
  std::vector<std::pair<std::string, double>> ms;  // stage and milliseconds, in order
  std::string error;    // not empty: the picture could not be read, and what was wrong
  std::string warning;  // damage that was lived with
};

// A report being written. Nothing appears at its path before finish(); "-" is standard output,
// where every picture appears at once. Throws ResourceError naming the path, BrokenPipe.
class DetectionReport {
 public:
  virtual ~DetectionReport() = default;
  virtual void add(const PictureResult& result) = 0;
  virtual void finish() = 0;
};

// One document; a picture with an error has "error" in place of "detections".
// Bytes that are no UTF-8 become U+FFFD; no result is refused.
std::string detections_json(const ReportHead& head, const std::vector<PictureResult>& results);
std::unique_ptr<DetectionReport> open_json_report(const std::string& path, const ReportHead& head);

// One line a detection, in normalised coordinates and in pixels; a picture with an error or without
// detections has none.
std::unique_ptr<DetectionReport> open_csv_report(const std::string& path);

}  // namespace thaw
