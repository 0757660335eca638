// Picture files of any kind: found out by content, never by name.
#pragma once

#include <string>
#include <string_view>

#include "media/raster.h"
#include "thaw/picture.h"

namespace thaw {

enum class ImageKind { kUnknown, kJpeg, kPng, kGif, kBmp };

// By the first bytes.
ImageKind sniff_image(std::string_view bytes);

struct ReadOptions {
  bool apply_orientation = true;  // of EXIF
  ImageLimits limits;
};

// The bytes of an image file as RGB; `name` begins every error. Damage that could be lived with is
// described in `warning`, "" when there is none.
Picture decode_image(std::string_view bytes, const std::string& name,
                     const ReadOptions& options = {}, std::string* warning = nullptr);

// The same from a file; see also thaw/picture.h.
Picture read_image(const std::string& path, const ReadOptions& options = {},
                   std::string* warning = nullptr);

// Atomically, as all files are written.
void write_jpeg(const std::string& path, const Picture& picture, int quality = 92);
void write_png(const std::string& path, const Picture& picture);

}  // namespace thaw
