#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "media/jpeg.h"
#include "media/jpeg_errors.h"
#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxScans = 500;
constexpr int64_t kMaxScannedPixels = 2'000'000'000;  // pixels x scans
constexpr int kRowsAtOnce = 16;

// Files of thousands of empty scans cost minutes in a few kilobytes.
void limit_scans(j_common_ptr common) {
  const auto* cinfo = reinterpret_cast<j_decompress_ptr>(common);
  if (!common->is_decompressor) return;
  const int64_t pixels =
      static_cast<int64_t>(cinfo->image_width) * static_cast<int64_t>(cinfo->image_height);
  const int64_t scans = cinfo->input_scan_number;
  if (scans > kMaxScans || scans * pixels > std::max(kMaxScannedPixels, 20 * pixels))
    jpeg_fail(common, "too many scans");
}

uint8_t ink_rounded(int paper, int ink) {
  const int product = paper * ink + 128;
  return static_cast<uint8_t>(paper - ((product + (product >> 8)) >> 8));
}

void cmyk_row_to_rgb(const uint8_t* cmyk, size_t width, CmykRule rule, bool adobe, uint8_t* rgb) {
  for (size_t x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      const int ink = cmyk[c];
      const int key = cmyk[3];
      if (rule == CmykRule::kPicture)
        rgb[c] = ink_rounded(key, 255 - ink);
      else
        rgb[c] = static_cast<uint8_t>((adobe ? key * ink : (255 - key) * (255 - ink)) / 255);
    }
  }
}

class Decoder {
 public:
  Decoder(std::string_view bytes, const std::string& name, const JpegOptions& options)
      : bytes_(bytes), name_(name), options_(options) {
    std::memset(&cinfo_, 0, sizeof cinfo_);
    cinfo_.err = errors_.prepare();
    progress_.progress_monitor = limit_scans;
  }
  ~Decoder() { jpeg_destroy_decompress(&cinfo_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Raster decode(std::string* warning);

 private:
  template <class F>
  void guarded(F&& f) {
    if (!run_jpeg(errors_, f)) fail();
  }
  [[noreturn]] void fail() const;
  [[noreturn]] void fail_incomplete(int64_t rows) const;
  void read_header();
  void choose_output();
  void check_scans() const;
  void check_rows() const;
  Raster read_rows();
  void finish(std::string* warning);

  std::string_view bytes_;
  const std::string& name_;
  const JpegOptions& options_;
  JpegErrors errors_;
  jpeg_decompress_struct cinfo_;
  jpeg_progress_mgr progress_{};
};

void Decoder::fail() const {
  if (errors_.out_of_memory)
    throw ResourceError(fmt::format("{}: no memory left to decode the JPEG", name_));
  if (errors_.ended_early)
    throw_image_error(
        name_,
        fmt::format("the JPEG is cut short: its {} bytes end before the picture", bytes_.size()));
  throw_image_error(name_, fmt::format("the JPEG can't be decoded: {}", errors_.message));
}

void Decoder::fail_incomplete(int64_t rows) const {
  throw_image_error(name_,
                    fmt::format("the JPEG is {}: its {} bytes hold {} of {} pixel rows",
                                errors_.ended_early ? "cut short" : "damaged", bytes_.size(),
                                std::min<int64_t>(rows, cinfo_.image_height), cinfo_.image_height));
}

void Decoder::read_header() {
  const JpegHeader header = read_jpeg_header(bytes_);
  if (header.width > 0) check_image_size(name_, header.width, header.height, options_.limits);
  guarded([this] {
    jpeg_create_decompress(&cinfo_);
    cinfo_.progress = &progress_;
    jpeg_mem_src(&cinfo_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&cinfo_, TRUE);
  });
  const int64_t width = cinfo_.image_width;
  const int64_t height = cinfo_.image_height;
  check_image_size(name_, width, height, options_.limits);
  // Huffman codes spend at least a bit on each MCU, so that few bytes can't hold many pixels.
  const int64_t mcu_width = int64_t{8} * cinfo_.max_h_samp_factor;
  const int64_t mcu_height = int64_t{8} * cinfo_.max_v_samp_factor;
  const int64_t mcus =
      (width + mcu_width - 1) / mcu_width * ((height + mcu_height - 1) / mcu_height);
  if (!cinfo_.arith_code && static_cast<int64_t>(bytes_.size()) * 8 < mcus)
    throw_image_error(
        name_, fmt::format("the JPEG claims {}x{} pixels, which its {} bytes can't hold", width,
                           height, bytes_.size()));
}

void Decoder::choose_output() {
  const bool four_inks = cinfo_.jpeg_color_space == JCS_CMYK || cinfo_.jpeg_color_space == JCS_YCCK;
  if (four_inks && options_.channels == 1)
    throw_image_error(name_, "a CMYK JPEG has no grey form (channels 1)");
  const int channels =
      options_.channels == 0 ? (cinfo_.num_components == 1 ? 1 : 3) : options_.channels;
  cinfo_.out_color_space = four_inks ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  cinfo_.scale_num = 1;
  cinfo_.scale_denom = static_cast<unsigned>(options_.ratio);
  cinfo_.dct_method = options_.fast_dct ? JDCT_IFAST : JDCT_ISLOW;
  cinfo_.do_fancy_upsampling = options_.fancy_upsampling ? TRUE : FALSE;
}

// After all scans of a progressive (or otherwise buffered) file were read.
void Decoder::check_scans() const {
  check_rows();
  for (int c = 0; c < cinfo_.num_components; ++c) {
    if (cinfo_.comp_info[c].quant_table == nullptr)
      throw_image_error(name_, fmt::format("the JPEG is {}: colour component {} of {} is missing",
                                           errors_.ended_early ? "cut short" : "damaged", c + 1,
                                           cinfo_.num_components));
    if (!cinfo_.progressive_mode || !errors_.ended_early) continue;
    const int* bits = cinfo_.coef_bits[c];
    if (std::any_of(bits, bits + DCTSIZE2, [](int missing) { return missing != 0; }))
      throw_image_error(name_,
                        fmt::format("the JPEG is cut short: its {} bytes end before the last "
                                    "scan of the picture",
                                    bytes_.size()));
  }
}

void Decoder::check_rows() const {
  if (errors_.lost_data) {
    const int64_t rows_per_mcu = int64_t{8} * cinfo_.max_v_samp_factor;
    fail_incomplete(errors_.lost_row * rows_per_mcu);
  }
  // The arithmetic decoder reads on past the end without a word.
  if (cinfo_.arith_code && errors_.ended_early) fail();
}

Raster Decoder::read_rows() {
  Raster out;
  out.width = static_cast<int>(cinfo_.output_width);
  out.height = static_cast<int>(cinfo_.output_height);
  const bool four_inks = cinfo_.out_color_space == JCS_CMYK;
  out.channels = four_inks ? 3 : cinfo_.output_components;
  const size_t stride = static_cast<size_t>(out.width) * static_cast<size_t>(out.channels);
  // Memory is touched as rows arrive: a file that claims much and holds little costs little.
  out.samples.reserve(stride * static_cast<size_t>(out.height));
  const size_t ink_stride = static_cast<size_t>(out.width) * 4;
  std::vector<uint8_t> inks(four_inks ? ink_stride * kRowsAtOnce : 0);
  while (cinfo_.output_scanline < cinfo_.output_height) {
    const size_t first = cinfo_.output_scanline;
    const size_t count = std::min<size_t>(kRowsAtOnce, cinfo_.output_height - first);
    out.samples.resize((first + count) * stride);
    std::array<JSAMPROW, kRowsAtOnce> rows{};
    for (size_t r = 0; r < count; ++r)
      rows[r] =
          four_inks ? inks.data() + r * ink_stride : out.samples.data() + (first + r) * stride;
    JSAMPROW* next = rows.data();
    guarded([this, next, first, count] {
      while (cinfo_.output_scanline < first + count)
        jpeg_read_scanlines(&cinfo_, next + (cinfo_.output_scanline - first),
                            static_cast<JDIMENSION>(first + count - cinfo_.output_scanline));
    });
    check_rows();
    for (size_t r = 0; four_inks && r < count; ++r)
      cmyk_row_to_rgb(rows[r], static_cast<size_t>(out.width), options_.cmyk,
                      cinfo_.saw_Adobe_marker != 0, out.samples.data() + (first + r) * stride);
  }
  return out;
}

void Decoder::finish(std::string* warning) {
  // The picture is whole: what is wrong behind it is worth a warning at most.
  if (!run_jpeg(errors_, [this] { jpeg_finish_decompress(&cinfo_); }) && errors_.warning[0] == '\0')
    std::memcpy(errors_.warning, errors_.message, sizeof errors_.warning);
  if (warning != nullptr) *warning = errors_.warning;
}

Raster Decoder::decode(std::string* warning) {
  read_header();
  choose_output();
  guarded([this] { jpeg_start_decompress(&cinfo_); });
  if (jpeg_has_multiple_scans(&cinfo_)) check_scans();
  Raster out = read_rows();
  finish(warning);
  return out;
}

}  // namespace

Raster decode_jpeg(std::string_view bytes, const std::string& name, const JpegOptions& options,
                   std::string* warning) {
  const int ratio = options.ratio;
  if (options.channels != 0 && options.channels != 1 && options.channels != 3)
    throw_image_error(name, fmt::format("a JPEG has 1 or 3 channels, not {}", options.channels));
  if (ratio != 1 && ratio != 2 && ratio != 4 && ratio != 8)
    throw_image_error(name,
                      fmt::format("a JPEG is read 1, 2, 4 or 8 times smaller, not {}", ratio));
  Decoder decoder(bytes, name, options);
  return decoder.decode(warning);
}

}  // namespace thaw
