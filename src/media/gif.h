// GIF files: frames composed onto the canvas one after the other.
#pragma once

#include <string>
#include <string_view>

#include "media/raster.h"

namespace thaw {

// All frames (or the first `max_frames`) as RGB, by DecodeGif's rules: pixels that a frame leaves
// open or transparent come from the frame before, black in the first. Throws InputError beginning
// with `name`.
Raster decode_gif(std::string_view bytes, const std::string& name, int max_frames = 1 << 30,
                  const ImageLimits& limits = {});

}  // namespace thaw
