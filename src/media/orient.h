// Turns a picture upright by its EXIF orientation.
#pragma once

#include "thaw/picture.h"

namespace thaw {

// `orientation` 1..8 as EXIF counts them; others leave the picture as it is.
Picture turned_upright(Picture&& picture, int orientation);

}  // namespace thaw
