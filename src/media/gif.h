// GIF files: frames composed onto the canvas one after the other.
#pragma once

#include <string>
#include <string_view>

#include "media/raster.h"

namespace thaw {

// How large a GIF's canvas is.
enum class GifCanvas {
  kScreen,        // as the file says
  kLargestFrame,  // as wide and as high as its widest and its highest frame: DecodeGif's
};

// All frames (or the first `max_frames`) as RGB, by DecodeGif's rules: pixels that a frame leaves
// open or transparent come from the frame before, black in the first. Throws InputError beginning
// with `name`.
Raster decode_gif(std::string_view bytes, const std::string& name, int max_frames = 1 << 30,
                  const ImageLimits& limits = {}, GifCanvas canvas = GifCanvas::kScreen);

}  // namespace thaw
