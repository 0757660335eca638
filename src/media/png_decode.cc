#include <fmt/format.h>
#include <spng.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "media/exif.h"
#include "media/png.h"
#include "media/png_grey.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr size_t kMaxChunkBytes = size_t{64} << 20;
constexpr size_t kMaxCachedBytes = size_t{64} << 20;
constexpr int kMaxChunks = 1'000'000;
constexpr uint32_t kMaxSide = 0x7FFFFFFF;
// Deflate makes at most 1032 bytes of one.
constexpr int64_t kMaxDeflateRatio = 1032;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using Context = std::unique_ptr<spng_ctx, FreeContext>;

// libspng and zlib inside it call some of their failed allocations damage: this knows better.
thread_local bool no_memory = false;

void* noted(void* memory) {
  no_memory = no_memory || memory == nullptr;
  return memory;
}
void* png_malloc(size_t bytes) { return noted(std::malloc(bytes)); }
void* png_realloc(void* memory, size_t bytes) { return noted(std::realloc(memory, bytes)); }
void* png_calloc(size_t count, size_t bytes) { return noted(std::calloc(count, bytes)); }

Context open_png(std::string_view bytes, const std::string& name) {
  no_memory = false;
  spng_alloc allocator{png_malloc, png_realloc, png_calloc, std::free};
  Context context(spng_ctx_new2(&allocator, 0));
  if (!context) throw ResourceError(fmt::format("{}: no memory for a PNG decoder", name));
  spng_set_image_limits(context.get(), kMaxSide, kMaxSide);
  spng_set_chunk_limits(context.get(), kMaxChunkBytes, kMaxCachedBytes);
  spng_set_option(context.get(), SPNG_CHUNK_COUNT_LIMIT, kMaxChunks);
  spng_set_png_buffer(context.get(), bytes.data(), bytes.size());
  return context;
}

std::string describe(int error) {
  switch (error) {
    case SPNG_ECHUNK_CRC:
      return "a chunk's checksum (CRC) is wrong";
    case SPNG_EIDAT_TOO_SHORT:
      return "the pixel data ends too early";
    case SPNG_EZLIB:
    case SPNG_EIDAT_STREAM:
      return "the compressed pixel data is damaged";
    default:
      return spng_strerror(error);
  }
}

[[noreturn]] void fail(const std::string& name, size_t size, int error) {
  if (no_memory || error == SPNG_EMEM)
    throw ResourceError(fmt::format("{}: no memory left to decode the PNG", name));
  if (error == SPNG_IO_EOF)
    throw_image_error(
        name, fmt::format("the PNG is cut short: its {} bytes end before the picture", size));
  throw_image_error(name, fmt::format("the PNG can't be decoded: {}", describe(error)));
}

int64_t big_endian32(std::string_view bytes, size_t at) {
  int64_t value = 0;
  for (char c : bytes.substr(at, 4)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// As TensorFlow counts them: a transparent colour makes an alpha channel of palettes only.
int file_channels(const spng_ihdr& header, bool transparent) {
  switch (header.color_type) {
    case SPNG_COLOR_TYPE_GRAYSCALE:
      return 1;
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
      return 2;
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA:
      return 4;
    case SPNG_COLOR_TYPE_INDEXED:
      return transparent ? 4 : 3;
    default:
      return 3;
  }
}

uint16_t as_depth(uint16_t sample, uint16_t) { return sample; }
uint8_t as_depth(uint16_t sample, uint8_t) { return static_cast<uint8_t>(sample >> 8); }
uint8_t as_depth(uint8_t sample, uint8_t) { return sample; }
uint16_t as_depth(uint8_t sample, uint16_t) { return static_cast<uint16_t>(sample * 257); }

// One row of RGBA to `channels` (1: grey, 2: grey and alpha, 3: RGB, 4: RGBA) of another depth.
template <class From, class To>
void pick_channels(const From* rgba, size_t width, int channels, const PngGrey& grey, To* out) {
  for (size_t x = 0; x < width; ++x, rgba += 4, out += channels) {
    if (channels < 3) out[0] = as_depth(grey.of(rgba), To{});
    if (channels == 2) out[1] = as_depth(rgba[3], To{});
    for (int c = 0; channels >= 3 && c < channels; ++c) out[c] = as_depth(rgba[c], To{});
  }
}

// TensorFlow fills an alpha channel that the file lacks with the largest value of the file's own
// bit depth, so that it is not opaque below 8 bits.
template <class T>
void fill_alpha(size_t width, T value, T* rgba) {
  for (size_t x = 0; x < width; ++x) rgba[4 * x + 3] = value;
}

class Decoder {
 public:
  Decoder(std::string_view bytes, const std::string& name, const PngOptions& options)
      : bytes_(bytes), name_(name), options_(options), context_(open_png(bytes, name)) {}

  Raster decode(std::string* warning) {
    read_header();
    const bool transparent = has_transparent_colours();
    Raster out;
    out.width = static_cast<int>(header_.width);
    out.height = static_cast<int>(header_.height);
    out.bit_depth = options_.bit_depth;
    out.channels = options_.channels != 0 ? options_.channels : file_channels(header_, transparent);
    thin_alpha_ = out.channels == 4 && header_.bit_depth < 8 && !transparent;
    if (out.channels < 3)
      grey_ = PngGrey(file_gamma(), header_.bit_depth, header_.bit_depth > out.bit_depth);
    start(out);
    header_.interlace_method == SPNG_INTERLACE_NONE ? read_rows(out) : read_interlaced(out);
    const int rest = spng_decode_chunks(context_.get());
    if (warning != nullptr)
      *warning = rest == 0 ? "" : "behind the pixels: " + std::string(spng_strerror(rest));
    return out;
  }

 private:
  void check(int error) const {
    if (error != 0) fail(name_, bytes_.size(), error);
  }

  // Before libspng computes with it, which calls a large size an overflow.
  void check_claimed_size() const {
    if (bytes_.size() < 24 || bytes_.substr(12, 4) != "IHDR") return;
    check_image_size(name_, big_endian32(bytes_, 16), big_endian32(bytes_, 20), options_.limits);
  }

  void read_header() {
    check_claimed_size();
    check(spng_get_ihdr(context_.get(), &header_));
    constexpr int kSamples[] = {1, 0, 3, 1, 2, 0, 4};
    const int64_t bits =
        int64_t{header_.width} * header_.bit_depth * kSamples[header_.color_type % 7];
    const int64_t packed = (bits + 7) / 8 * header_.height;
    if (packed / kMaxDeflateRatio > static_cast<int64_t>(bytes_.size()))
      throw_image_error(name_, fmt::format("the PNG claims {}x{} pixels, which its {} bytes can't "
                                           "hold",
                                           header_.width, header_.height, bytes_.size()));
  }

  bool has_transparent_colours() const {
    spng_trns colours{};
    const int error = spng_get_trns(context_.get(), &colours);
    if (error != SPNG_ECHUNKAVAIL) check(error);
    return error == 0;
  }

  // 0 when the file does not say.
  uint32_t file_gamma() const {
    uint8_t intent = 0;
    uint32_t gamma = 0;
    if (spng_get_srgb(context_.get(), &intent) == 0) return PngGrey::kSrgbGamma;
    return spng_get_gama_int(context_.get(), &gamma) == 0 ? gamma : 0;
  }

  // Rows come at the file's own depth, for grey is rounded there.
  void start(const Raster& out) {
    const bool wide = header_.bit_depth == 16;
    const bool plain_rgb = out.bit_depth == 8 && out.channels == 3;
    format_ = plain_rgb ? SPNG_FMT_RGB8 : wide ? SPNG_FMT_RGBA16 : SPNG_FMT_RGBA8;
    pixel_bytes_ = plain_rgb ? 3 : wide ? 8 : 4;
    const bool alpha = out.channels == 2 || out.channels == 4;
    check(spng_decode_image(context_.get(), nullptr, 0, format_,
                            SPNG_DECODE_PROGRESSIVE | (alpha ? SPNG_DECODE_TRNS : 0)));
  }

  // False at the end of the picture.
  bool more(int error) const {
    if (error != SPNG_EOI) check(error);
    return error != SPNG_EOI;
  }

  template <class To>
  void store_as(const uint8_t* row, const Raster& out, To* to) const {
    const auto width = static_cast<size_t>(out.width);
    if (format_ == SPNG_FMT_RGBA16)
      pick_channels(reinterpret_cast<const uint16_t*>(row), width, out.channels, grey_, to);
    else
      pick_channels(row, width, out.channels, grey_, to);
    const auto max = static_cast<uint8_t>((1U << header_.bit_depth) - 1);
    if (thin_alpha_) fill_alpha(width, as_depth(max, To{}), to);
  }

  void store(const uint8_t* row, const Raster& out, uint8_t* to) const {
    if (format_ == SPNG_FMT_RGB8)
      std::memcpy(to, row, static_cast<size_t>(out.width) * 3);
    else if (out.bit_depth == 16)
      store_as(row, out, reinterpret_cast<uint16_t*>(to));
    else
      store_as(row, out, to);
  }

  void read_rows(Raster& out) {
    const size_t stride = row_bytes(out);
    std::vector<uint8_t> row(static_cast<size_t>(out.width) * pixel_bytes_);
    // Memory is touched as rows arrive: a file that claims much and holds little costs little.
    out.samples.reserve(stride * header_.height);
    bool going = true;
    for (size_t y = 0; y < header_.height; ++y) {
      if (!going) check(SPNG_IO_EOF);
      going = more(spng_decode_row(context_.get(), row.data(), row.size()));
      out.samples.resize((y + 1) * stride);
      store(row.data(), out, out.samples.data() + y * stride);
    }
  }

  // Adam7: seven passes fill the pixels of each row bit by bit.
  void read_interlaced(Raster& out) {
    const size_t stride = static_cast<size_t>(out.width) * pixel_bytes_;
    std::vector<uint8_t> pixels(stride * header_.height);
    spng_row_info info{};
    do {
      check(spng_get_row_info(context_.get(), &info));
    } while (more(spng_decode_row(context_.get(), pixels.data() + stride * info.row_num, stride)));
    out.samples.resize(row_bytes(out) * header_.height);
    for (size_t y = 0; y < header_.height; ++y)
      store(pixels.data() + y * stride, out, out.samples.data() + y * row_bytes(out));
  }

  static size_t row_bytes(const Raster& out) {
    return static_cast<size_t>(out.width) * static_cast<size_t>(out.channels) *
           static_cast<size_t>(out.bit_depth / 8);
  }

  std::string_view bytes_;
  const std::string& name_;
  const PngOptions& options_;
  Context context_;
  spng_ihdr header_{};
  int format_ = 0;
  size_t pixel_bytes_ = 0;
  PngGrey grey_;
  bool thin_alpha_ = false;
};

}  // namespace

Raster decode_png(std::string_view bytes, const std::string& name, const PngOptions& options,
                  std::string* warning) {
  if (options.channels < 0 || options.channels > 4 || options.channels == 2)
    throw_image_error(
        name, fmt::format("a PNG is read with 1, 3 or 4 channels, not {}", options.channels));
  if (options.bit_depth != 8 && options.bit_depth != 16)
    throw_image_error(
        name, fmt::format("a PNG is read with 8 or 16 bits a sample, not {}", options.bit_depth));
  return Decoder(bytes, name, options).decode(warning);
}

int png_orientation(std::string_view bytes, const std::string& name) {
  const Context context = open_png(bytes, name);
  spng_exif exif{};
  const int error = spng_get_exif(context.get(), &exif);
  if (no_memory) fail(name, bytes.size(), error);
  if (error != 0) return 1;
  return tiff_orientation({exif.data, exif.length});
}

}  // namespace thaw
