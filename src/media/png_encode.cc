#include <fmt/format.h>
#include <spng.h>

#include <cstdlib>
#include <memory>

#include "media/png.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Pictures for people: a fast setting that still halves photographs.
constexpr int kCompressionLevel = 3;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

}  // namespace

std::string encode_png(const Picture& picture) {
  if (picture.width < 1 || picture.height < 1)
    throw InputError(
        fmt::format("a PNG has at least one pixel, not {}x{}", picture.width, picture.height));
  const std::unique_ptr<spng_ctx, FreeContext> context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (!context) throw ResourceError("no memory for a PNG encoder");
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_set_option(context.get(), SPNG_IMG_COMPRESSION_LEVEL, kCompressionLevel);
  spng_ihdr header{};
  header.width = static_cast<uint32_t>(picture.width);
  header.height = static_cast<uint32_t>(picture.height);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  spng_set_ihdr(context.get(), &header);
  int error = spng_encode_image(context.get(), picture.rgb.data(), picture.rgb.size(), SPNG_FMT_PNG,
                                SPNG_ENCODE_FINALIZE);
  size_t size = 0;
  char* bytes = nullptr;
  if (error == 0) bytes = static_cast<char*>(spng_get_png_buffer(context.get(), &size, &error));
  if (error != 0)
    throw ResourceError(fmt::format("a PNG can't be written: {}", spng_strerror(error)));
  std::string out(bytes, size);
  std::free(bytes);
  return out;
}

}  // namespace thaw
