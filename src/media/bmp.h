// BMP files: 1, 4, 8 (palette or grey), 16, 24 and 32 bits, uncompressed or with bit fields.
#pragma once

#include <string>
#include <string_view>

#include "media/raster.h"

namespace thaw {

// RGB of any such file. Throws InputError beginning with `name`.
Raster decode_bmp(std::string_view bytes, const std::string& name, const ImageLimits& limits = {});

// As TensorFlow's DecodeBmp: 8 bits are grey without looking at the palette, 24 RGB, 32 RGBA, made
// into 3 or 4 channels (0: as stored).
Raster decode_bmp_as_stored(std::string_view bytes, const std::string& name, int channels,
                            const ImageLimits& limits = {});

}  // namespace thaw
