// PNG files, through libspng.
#pragma once

#include <string>
#include <string_view>

#include "media/raster.h"
#include "thaw/picture.h"

namespace thaw {

struct PngOptions {
  int channels = 3;   // 1, 3, 4, or 0: as the file says (a palette counts as its colours)
  int bit_depth = 8;  // 8: 16-bit files give their high bytes; 16: 8-bit ones are stretched
  ImageLimits limits;
};

// Throws InputError beginning with `name`. Alpha is dropped without blending when it isn't asked
// for; grey of colours is TensorFlow's. Damage behind the pixels is described in `warning`.
Raster decode_png(std::string_view bytes, const std::string& name, const PngOptions& options,
                  std::string* warning = nullptr);

// The EXIF orientation in an eXIf chunk, 1 when there is none.
int png_orientation(std::string_view bytes, const std::string& name);

std::string encode_png(const Picture& picture);

}  // namespace thaw
