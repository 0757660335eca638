// Documents as `thaw detect --json` writes them, read back.
#pragma once

#include <string>
#include <string_view>

#include "thaw/report.h"

namespace thaw {

struct DetectionsFile {
  ReportHead head;
  std::vector<PictureResult> pictures;
};

// Detections are put into order of score. "model", "device", "precision", "label", "width",
// "height" and "ms" may be missing. Throws InputError naming file and field.
DetectionsFile read_detections_file(const std::string& path);
DetectionsFile parse_detections(std::string_view text, const std::string& name);

}  // namespace thaw
