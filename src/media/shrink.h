// Smaller copies of pictures.
#pragma once

#include "media/draw.h"
#include "thaw/picture.h"

namespace thaw {

// The part of the picture inside `part`, which must lie in it and not be empty, each pixel the mean
// of the area that it covers. Width and height of 1 or more; meant for making smaller.
Picture shrunk(const Picture& picture, const PixelBox& part, int width, int height);

}  // namespace thaw
