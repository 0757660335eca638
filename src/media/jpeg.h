// JPEG files, through libjpeg-turbo.
#pragma once

#include <string>
#include <string_view>

#include "media/raster.h"
#include "thaw/picture.h"

namespace thaw {

// How four-channel files become RGB.
enum class CmykRule {
  kPicture,     // as PIL does: inks are always stored inverted, products round to nearest
  kTensorFlow,  // as DecodeJpeg does: inverted only behind an Adobe marker, products round down
};

struct JpegOptions {
  int channels = 3;  // 1, 3, or 0: as the file says (four channels give 3)
  int ratio = 1;     // 1, 2, 4 or 8 times smaller
  bool fast_dct = false;
  bool fancy_upsampling = true;
  CmykRule cmyk = CmykRule::kPicture;
  ImageLimits limits;
};

// What the segments before the first scan say.
struct JpegHeader {
  int width = 0;  // 0: there is no frame header
  int height = 0;
  int orientation = 1;  // of EXIF
};
JpegHeader read_jpeg_header(std::string_view bytes);

// Throws InputError beginning with `name`. Data that ends before the picture is an error; damage
// that leaves most of the picture intact is described in `warning`, which is "" otherwise.
Raster decode_jpeg(std::string_view bytes, const std::string& name, const JpegOptions& options,
                   std::string* warning = nullptr);

// Quality 1..100; 4:2:0 chroma below 90, 4:4:4 from there on.
std::string encode_jpeg(const Picture& picture, int quality = 92);

}  // namespace thaw
