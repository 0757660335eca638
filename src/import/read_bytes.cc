#include "import/read_bytes.h"

#include <algorithm>

namespace thaw {
namespace {

struct Magic {
  std::string_view bytes;
  size_t offset;
  const char* name;
};

using namespace std::string_view_literals;
constexpr Magic kMagics[] = {
    {"\xff\xd8\xff"sv, 0, "a JPEG image"},
    {"\x89PNG\r\n\x1a\n"sv, 0, "a PNG image"},
    {"GIF8"sv, 0, "a GIF image"},
    {"WEBP"sv, 8, "a WebP image"},
    {"ftyp"sv, 4, "an MP4 video"},
    {"TFL3"sv, 4, "a TensorFlow Lite model"},
    {"\x89HDF\r\n\x1a\n"sv, 0, "an HDF5 file (Keras weights)"},
    {"PK\x03\x04"sv, 0, "a ZIP archive (a Keras or PyTorch file?)"},
    {"\x1f\x8b"sv, 0, "a gzip archive (unpack it first)"},
    {"BZh"sv, 0, "a bzip2 archive (unpack it first)"},
    {"\xfd"
     "7zXZ"sv,
     0, "an xz archive (unpack it first)"},
    {"ustar"sv, 257, "a tar archive (unpack it first)"},
    {"%PDF"sv, 0, "a PDF document"},
    {"\x7f"
     "ELF"sv,
     0, "an ELF program"},
    {"\x80\x02"sv, 0, "a Python pickle (PyTorch?)"},
    {"\x93NUMPY"sv, 0, "a numpy array"},
    {"<?xml"sv, 0, "XML"},
    {"<html"sv, 0, "HTML (a failed download?)"},
    {"<!DOCTYPE"sv, 0, "HTML (a failed download?)"},
    {"version https://git-lfs"sv, 0, "a Git LFS pointer (run git lfs pull)"},
};

// An ONNX ModelProto begins with ir_version (field 1, a small varint) and producer_name (field 2).
bool is_onnx(std::string_view b) {
  return b.size() > 4 && b[0] == 0x08 && b[1] > 0 && b[1] < 32 && b[2] == 0x12;
}

bool is_text(std::string_view b) {
  return !b.empty() && std::all_of(b.begin(), b.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace

std::string looks_like(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (bytes.size() >= magic.offset &&
        bytes.substr(magic.offset, magic.bytes.size()) == magic.bytes)
      return magic.name;
  if (bytes.substr(0, 3) == "\x08\x01\x12"sv)
    return "the saved_model.pb of a SavedModel (give its folder instead)";
  if (is_onnx(bytes)) return "an ONNX model";
  if (is_text(bytes.substr(0, 512))) return "text";
  return "";
}

}  // namespace thaw
