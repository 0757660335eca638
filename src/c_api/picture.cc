#include "thaw/picture.h"

#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/error.h"

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_picture_read(const char* path, thaw_picture** picture) {
  return guarded([&] {
    need(picture, "picture");
    auto read = std::make_unique<thaw_picture>();
    read->picture = thaw::read_picture(&need(path, "path"), &read->warning);
    *picture = read.release();
  });
}

thaw_status thaw_picture_decode(const void* bytes, size_t size, const char* name,
                                thaw_picture** picture) {
  return guarded([&] {
    need(picture, "picture");
    const std::string_view view(&need(static_cast<const char*>(bytes), "bytes"), size);
    auto decoded = std::make_unique<thaw_picture>();
    decoded->picture = thaw::decode_picture(view, text_or(name, "(memory)"), &decoded->warning);
    *picture = decoded.release();
  });
}

thaw_status thaw_picture_from_rgb(const uint8_t* rgb, int32_t width, int32_t height, size_t stride,
                                  thaw_picture** picture) {
  return guarded([&] {
    need(picture, "picture");
    need(rgb, "rgb");
    if (width <= 0 || height <= 0)
      throw thaw::UsageError(fmt::format("a picture is {}x{}", width, height));
    const size_t row = static_cast<size_t>(width) * 3;
    const size_t step = stride == 0 ? row : stride;
    if (step < row)
      throw thaw::UsageError(fmt::format("the stride is {}, a row has {} bytes", stride, row));
    auto made = std::make_unique<thaw_picture>();
    made->picture.width = width;
    made->picture.height = height;
    made->picture.rgb.reserve(row * static_cast<size_t>(height));
    for (int32_t y = 0; y < height; ++y) {
      const uint8_t* from = rgb + static_cast<size_t>(y) * step;
      made->picture.rgb.insert(made->picture.rgb.end(), from, from + row);
    }
    *picture = made.release();
  });
}

void thaw_picture_free(thaw_picture* picture) { delete picture; }

int32_t thaw_picture_width(const thaw_picture* picture) { return picture->picture.width; }

int32_t thaw_picture_height(const thaw_picture* picture) { return picture->picture.height; }

const uint8_t* thaw_picture_rgb(const thaw_picture* picture) { return picture->picture.rgb.data(); }

const char* thaw_picture_warning(const thaw_picture* picture) { return picture->warning.c_str(); }

thaw_status thaw_picture_write(const thaw_picture* picture, const char* path) {
  return guarded(
      [&] { thaw::write_picture(&need(path, "path"), need(picture, "picture").picture); });
}

}  // extern "C"
