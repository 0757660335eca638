#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

#include "media/jpeg.h"
#include "media/jpeg_errors.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxSide = 65500;
constexpr int kFullChromaQuality = 90;
constexpr size_t kFirstBytes = size_t{64} << 10;

// Where libjpeg's bytes go: memory that is ours at every moment, also after an error. (That of
// jpeg_mem_dest is its own until the end, and freed under the caller's pointer as it grows.)
struct Destination {
  jpeg_destination_mgr base;  // first: libjpeg's pointer to it is ours
  JOCTET* bytes;
  size_t size;

  static void grow(j_compress_ptr cinfo) {
    auto* to = reinterpret_cast<Destination*>(cinfo->dest);
    const size_t size = to->size == 0 ? kFirstBytes : 2 * to->size;
    auto* bytes = static_cast<JOCTET*>(std::realloc(to->bytes, size));
    if (bytes == nullptr) jpeg_fail(reinterpret_cast<j_common_ptr>(cinfo), "no memory left");
    to->base.next_output_byte = bytes + to->size;
    to->base.free_in_buffer = size - to->size;
    to->bytes = bytes;
    to->size = size;
  }
  static boolean grow_when_full(j_compress_ptr cinfo) {
    grow(cinfo);
    return TRUE;
  }
  static void end(j_compress_ptr) {}
};

class Encoder {
 public:
  Encoder() {
    std::memset(&cinfo_, 0, sizeof cinfo_);
    cinfo_.err = errors_.prepare();
    to_.base = {nullptr, 0, Destination::grow, Destination::grow_when_full, Destination::end};
  }
  ~Encoder() {
    jpeg_destroy_compress(&cinfo_);
    std::free(to_.bytes);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  std::string encode(const Picture& picture, int quality) {
    const Picture* from = &picture;
    if (!run_jpeg(errors_, [this, from, quality] { write(*from, quality); }))
      throw ResourceError(fmt::format("a JPEG can't be written: {}", errors_.message));
    return {reinterpret_cast<const char*>(to_.bytes), to_.size - to_.base.free_in_buffer};
  }

 private:
  void write(const Picture& picture, int quality) {
    jpeg_create_compress(&cinfo_);
    cinfo_.dest = &to_.base;
    cinfo_.image_width = static_cast<JDIMENSION>(picture.width);
    cinfo_.image_height = static_cast<JDIMENSION>(picture.height);
    cinfo_.input_components = 3;
    cinfo_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&cinfo_);
    jpeg_set_quality(&cinfo_, quality, TRUE);
    if (quality >= kFullChromaQuality)
      cinfo_.comp_info[0].h_samp_factor = cinfo_.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&cinfo_, TRUE);
    const size_t stride = static_cast<size_t>(picture.width) * 3;
    while (cinfo_.next_scanline < cinfo_.image_height) {
      // libjpeg only reads the row; its type is older than const.
      auto* row = const_cast<JSAMPROW>(picture.rgb.data() + cinfo_.next_scanline * stride);
      jpeg_write_scanlines(&cinfo_, &row, 1);
    }
    jpeg_finish_compress(&cinfo_);
  }

  JpegErrors errors_;
  jpeg_compress_struct cinfo_;
  Destination to_{};
};

}  // namespace

std::string encode_jpeg(const Picture& picture, int quality) {
  if (picture.width < 1 || picture.height < 1 || picture.width > kMaxSide ||
      picture.height > kMaxSide)
    throw InputError(fmt::format("a JPEG has 1 to {} pixels a side, not {}x{}", kMaxSide,
                                 picture.width, picture.height));
  if (quality < 1 || quality > 100)
    throw UsageError(fmt::format("a JPEG's quality is 1 to 100, not {}", quality));
  Encoder encoder;
  return encoder.encode(picture, quality);
}

}  // namespace thaw
