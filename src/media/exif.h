// The orientation that a camera left in EXIF data. Damaged EXIF counts as none.
#pragma once

#include <string_view>

namespace thaw {

// 1..8 as EXIF counts them, 1 (upright) when there is none. `tiff` begins with "II" or "MM".
int tiff_orientation(std::string_view tiff);

}  // namespace thaw
