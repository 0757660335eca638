#include "media/image.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <utility>

#include "base/atomic_file.h"
#include "base/input_file.h"
#include "base/marks.h"
#include "media/bmp.h"
#include "media/gif.h"
#include "media/jpeg.h"
#include "media/orient.h"
#include "media/png.h"

namespace thaw {
namespace {

using namespace std::string_view_literals;

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 29;

// The first bytes for people: as text where they are, else in hexadecimal.
std::string quoted_start(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 12);
  const bool text = std::all_of(start.begin(), start.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u < 0x7F) || c == '\n' || c == '\r' || c == '\t';
  });
  std::string out;
  if (text) {
    for (char c : start) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return '"' + out + '"';
  }
  for (char c : start.substr(0, 8))
    out += fmt::format("{}{:02x}", out.empty() ? "" : " ", static_cast<unsigned char>(c));
  return "the bytes " + out;
}

const char* known_stranger(std::string_view bytes) {
  const auto at = [bytes](size_t offset, std::string_view magic) {
    return bytes.size() >= offset && bytes.substr(offset, magic.size()) == magic;
  };
  if (at(0, "RIFF") && at(8, "WEBP")) return "a WebP image";
  if (at(4, "ftypheic") || at(4, "ftypheix") || at(4, "ftypmif1")) return "a HEIC image";
  if (at(4, "ftypavif")) return "an AVIF image";
  if (at(0, "II*\0"sv) || at(0, "MM\0*"sv)) return "a TIFF image";
  if (at(4, "ftyp")) return "a video";
  if (at(0, "%PDF")) return "a PDF document";
  return nullptr;
}

[[noreturn]] void throw_not_an_image(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) throw_image_error(name, "the file is empty (0 bytes)");
  if (const char* stranger = known_stranger(bytes))
    throw_image_error(name, fmt::format("is {}; JPEG, PNG, BMP and GIF are read", stranger));
  throw_image_error(name, fmt::format("not a JPEG, PNG, BMP or GIF image: it starts with {}",
                                      quoted_start(bytes)));
}

Picture to_picture(Raster&& raster) {
  Picture picture;
  picture.width = raster.width;
  picture.height = raster.height;
  picture.rgb = to_rgb(std::move(raster));
  return picture;
}

}  // namespace

ImageKind sniff_image(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xFF\xD8\xFF"sv) return ImageKind::kJpeg;
  if (bytes.substr(0, 8) == "\x89PNG\r\n\x1A\n"sv) return ImageKind::kPng;
  if (bytes.substr(0, 6) == "GIF87a"sv || bytes.substr(0, 6) == "GIF89a"sv) return ImageKind::kGif;
  if (bytes.substr(0, 2) == "BM"sv) return ImageKind::kBmp;
  return ImageKind::kUnknown;
}

Picture decode_image(std::string_view bytes, const std::string& name, const ReadOptions& options,
                     std::string* warning) {
  if (warning != nullptr) warning->clear();
  int orientation = 1;
  Picture picture;
  switch (sniff_image(bytes)) {
    case ImageKind::kJpeg: {
      JpegOptions jpeg;
      jpeg.limits = options.limits;
      picture = to_picture(decode_jpeg(bytes, name, jpeg, warning));
      orientation = read_jpeg_header(bytes).orientation;
      break;
    }
    case ImageKind::kPng: {
      PngOptions png;
      png.limits = options.limits;
      picture = to_picture(decode_png(bytes, name, png, warning));
      orientation = png_orientation(bytes, name);
      break;
    }
    case ImageKind::kGif:
      picture = to_picture(decode_gif(bytes, name, 1, options.limits));
      break;
    case ImageKind::kBmp:
      picture = to_picture(decode_bmp(bytes, name, options.limits));
      break;
    case ImageKind::kUnknown:
      throw_not_an_image(bytes, name);
  }
  if (!options.apply_orientation) return picture;
  return turned_upright(std::move(picture), orientation);
}

Picture read_image(const std::string& path, const ReadOptions& options, std::string* warning) {
  return decode_image(InputFile(path).read_all(kMaxFileBytes), path, options, warning);
}

namespace {

void append_big_endian(std::string& out, uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift);
}

// A comment behind the header that JFIF wants first.
std::string with_jpeg_comment(std::string bytes, std::string_view comment) {
  const auto byte = [&bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  size_t at = 2;
  if (bytes.size() > 6 && byte(2) == 0xFF && byte(3) == 0xE0) at += 2 + 256U * byte(4) + byte(5);
  std::string segment = "\xFF\xFE";
  append_big_endian(segment, static_cast<uint32_t>(comment.size()) + 2, 2);
  bytes.insert(at, segment + std::string(comment));
  return bytes;
}

std::string with_png_comment(std::string bytes, std::string_view comment) {
  constexpr size_t kAfterHead = 8 + 25;  // signature and IHDR
  std::string content = "tEXtSoftware";
  content += '\0';
  content += comment;
  std::string chunk;
  append_big_endian(chunk, static_cast<uint32_t>(content.size()) - 4, 4);
  chunk += content;
  append_big_endian(chunk,
                    static_cast<uint32_t>(::crc32_z(
                        0, reinterpret_cast<const Bytef*>(content.data()), content.size())),
                    4);
  bytes.insert(kAfterHead, chunk);
  return bytes;
}

}  // namespace

void write_jpeg(const std::string& path, const Picture& picture, int quality) {
  write_file(path, with_jpeg_comment(encode_jpeg(picture, quality), kMadeByThaw), false);
}

void write_png(const std::string& path, const Picture& picture) {
  write_file(path, with_png_comment(encode_png(picture), kMadeByThaw), false);
}

}  // namespace thaw
