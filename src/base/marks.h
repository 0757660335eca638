// By what the files that thaw writes are known again (thaw/files.h).
#pragma once

#include <string_view>

namespace thaw {

// A comment in pictures and archives.
inline constexpr std::string_view kMadeByThaw = "made by thaw";
inline constexpr std::string_view kCsvHead =
    "file,class_id,label,score,ymin,xmin,ymax,xmax,top,left,bottom,right\n";

inline constexpr std::string_view kCalibrationHead = "# thaw calibration 1";

}  // namespace thaw
