#include "media/gif.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxCodes = 4096;
constexpr uint8_t kImage = 0x2C;
constexpr uint8_t kExtension = 0x21;
constexpr uint8_t kTrailer = 0x3B;
constexpr uint8_t kGraphicControl = 0xF9;

// The bytes one after the other; past the end it throws.
class GifReader {
 public:
  GifReader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  std::string_view take(size_t count) {
    if (count > bytes_.size() - at_)
      throw_image_error(name_, fmt::format("the GIF is cut short at byte {}", bytes_.size()));
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  int byte() { return static_cast<uint8_t>(take(1)[0]); }
  int word() {
    const int low = byte();
    return low | byte() << 8;
  }
  // Blocks of up to 255 bytes behind their lengths, joined.
  std::string sub_blocks() {
    std::string joined;
    while (const int count = byte()) joined.append(take(static_cast<size_t>(count)));
    return joined;
  }

 private:
  std::string_view bytes_;
  const std::string& name_;
  size_t at_ = 0;
};

// Codes of 3 to 12 bits, least significant bit first.
class CodeReader {
 public:
  explicit CodeReader(std::string_view bytes) : bytes_(bytes) {}
  // -1 past the end.
  int next(int bits) {
    while (count_ < bits) {
      if (at_ >= bytes_.size()) return -1;
      held_ |= uint32_t{static_cast<uint8_t>(bytes_[at_++])} << count_;
      count_ += 8;
    }
    const auto code = static_cast<int>(held_ & ((1U << bits) - 1));
    held_ >>= bits;
    count_ -= bits;
    return code;
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  uint32_t held_ = 0;
  int count_ = 0;
};

// Unpacks until `out` is full; how many indices there were. Throws on codes that can't be.
size_t unpack_lzw(std::string_view data, int min_bits, const std::string& name,
                  std::vector<uint8_t>& out) {
  const int clear = 1 << min_bits;
  std::array<uint16_t, kMaxCodes> prefix{};
  std::array<uint8_t, kMaxCodes> suffix{};
  std::array<uint8_t, kMaxCodes> stack{};
  for (int i = 0; i < clear; ++i) suffix[static_cast<size_t>(i)] = static_cast<uint8_t>(i);
  CodeReader codes(data);
  int bits = min_bits + 1;
  int used = clear + 2;
  int previous = -1;
  uint8_t first = 0;
  size_t written = 0;
  while (written < out.size()) {
    const int code = codes.next(bits);
    if (code < 0 || code == clear + 1) break;
    if (code == clear) {
      bits = min_bits + 1;
      used = clear + 2;
      previous = -1;
      continue;
    }
    if (code > used || (code == used && previous < 0) || (previous < 0 && code > clear))
      throw_image_error(name, "the GIF's pixel data is damaged");
    size_t depth = 0;
    int walk = code;
    if (code == used) {
      stack[depth++] = first;
      walk = previous;
    }
    for (; walk > clear; walk = prefix[static_cast<size_t>(walk)])
      stack[depth++] = suffix[static_cast<size_t>(walk)];
    first = suffix[static_cast<size_t>(walk)];
    stack[depth++] = first;
    for (; depth > 0 && written < out.size(); --depth) out[written++] = stack[depth - 1];
    if (previous >= 0 && used < kMaxCodes) {
      prefix[static_cast<size_t>(used)] = static_cast<uint16_t>(previous);
      suffix[static_cast<size_t>(used)] = first;
      ++used;
      if (used == 1 << bits && bits < 12) ++bits;
    }
    previous = code;
  }
  return written;
}

// Row of the picture where the i-th stored row of an interlaced frame belongs.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> order;
  order.reserve(static_cast<size_t>(height));
  constexpr int kStart[] = {0, 4, 2, 1};
  constexpr int kStep[] = {8, 8, 4, 2};
  for (int pass = 0; interlaced && pass < 4; ++pass)
    for (int y = kStart[pass]; y < height; y += kStep[pass]) order.push_back(y);
  for (int y = 0; !interlaced && y < height; ++y) order.push_back(y);
  return order;
}

size_t palette_bytes(int flags) { return size_t{3} << ((flags & 7) + 1); }

// What stands before the first block.
struct Header {
  explicit Header(GifReader& reader) {
    reader.take(6);
    width = reader.word();
    height = reader.word();
    const int flags = reader.byte();
    reader.take(2);  // background colour and pixel aspect ratio
    if (flags & 0x80) palette = reader.take(palette_bytes(flags));
  }
  int width = 0;
  int height = 0;
  std::string_view palette;
};

// Frames' largest extents, 0 when there is none; a file that breaks off has those before.
void find_largest_frame(GifReader reader, int* width, int* height) {
  *width = *height = 0;
  try {
    for (int kind = reader.byte(); kind != kTrailer; kind = reader.byte()) {
      if (kind == kImage) {
        reader.take(4);  // where it lies
        *width = std::max(*width, reader.word());
        *height = std::max(*height, reader.word());
        const int flags = reader.byte();
        if (flags & 0x80) reader.take(palette_bytes(flags));
      }
      reader.take(1);  // bits of its codes, or the extension's label
      reader.sub_blocks();
    }
  } catch (const InputError&) {
    // Decoding says what is wrong.
  }
}

class Decoder {
 public:
  Decoder(std::string_view bytes, const std::string& name, int max_frames,
          const ImageLimits& limits)
      : reader_(bytes, name), name_(name), max_frames_(max_frames), limits_(limits) {}

  Raster decode(GifCanvas canvas) {
    const Header header(reader_);
    global_ = header.palette;
    out_.width = header.width;
    out_.height = header.height;
    if (canvas == GifCanvas::kLargestFrame) find_largest_frame(reader_, &out_.width, &out_.height);
    out_.channels = 3;
    out_.frames = 0;
    check_image_size(name_, out_.width, out_.height, limits_);
    frame_bytes_ = static_cast<size_t>(out_.width) * static_cast<size_t>(out_.height) * 3;
    while (out_.frames < max_frames_ && !reader_.at_end()) {
      const int kind = reader_.byte();
      if (kind == kTrailer) break;
      if (kind == kExtension)
        read_extension();
      else if (kind == kImage)
        read_frame();
      else
        throw_image_error(name_, fmt::format("the GIF has an unknown block of kind {}", kind));
    }
    if (out_.frames == 0) throw_image_error(name_, "the GIF holds no picture");
    return std::move(out_);
  }

 private:
  void read_extension() {
    const int label = reader_.byte();
    const std::string data = reader_.sub_blocks();
    if (label != kGraphicControl || data.size() < 4) return;
    transparent_.reset();
    if (data[0] & 1) transparent_ = static_cast<uint8_t>(data[3]);
  }

  void read_frame() {
    const int left = reader_.word();
    const int top = reader_.word();
    const int width = reader_.word();
    const int height = reader_.word();
    const int flags = reader_.byte();
    const std::string_view palette = flags & 0x80 ? reader_.take(palette_bytes(flags)) : global_;
    if (palette.empty()) throw_image_error(name_, "the GIF has a frame without colours");
    check_image_size(name_, width, height, limits_);
    const int min_bits = reader_.byte();
    if (min_bits < 1 || min_bits > 8)
      throw_image_error(name_,
                        fmt::format("the GIF has codes of {} bits, 1 to 8 can be", min_bits));
    const std::string data = reader_.sub_blocks();
    std::vector<uint8_t> indices(static_cast<size_t>(width) * static_cast<size_t>(height));
    const size_t found = unpack_lzw(data, min_bits, name_, indices);
    if (found < indices.size())
      throw_image_error(name_, fmt::format("the GIF is cut short: frame {} has {} of {} pixels",
                                           out_.frames + 1, found, indices.size()));
    uint8_t* frame = add_frame();
    const std::vector<int> order = row_order(height, (flags & 0x40) != 0);
    for (int i = 0; i < height; ++i) {
      const int y = top + order[static_cast<size_t>(i)];
      if (y < out_.height)
        draw_row(indices.data() + static_cast<ptrdiff_t>(i) * width, left, width, palette,
                 frame + static_cast<ptrdiff_t>(y) * out_.width * 3);
    }
    transparent_.reset();
  }

  // The canvas as the frame before left it.
  uint8_t* add_frame() {
    const auto before = static_cast<size_t>(out_.frames) * frame_bytes_;
    if (before + frame_bytes_ > static_cast<size_t>(limits_.max_animation_bytes) && before > 0)
      throw_image_error(name_, fmt::format("the GIF's frames take more than {} MiB",
                                           limits_.max_animation_bytes >> 20));
    out_.samples.resize(before + frame_bytes_);
    uint8_t* frame = out_.samples.data() + before;
    if (before > 0) std::copy(frame - frame_bytes_, frame, frame);
    ++out_.frames;
    return frame;
  }

  void draw_row(const uint8_t* indices, int left, int width, std::string_view palette,
                uint8_t* row) const {
    for (int i = 0; i < width && left + i < out_.width; ++i) {
      if (transparent_ == indices[i]) continue;
      const size_t entry = size_t{3} * indices[i];
      if (entry + 3 > palette.size())
        throw_image_error(name_, fmt::format("the GIF uses colour {} of {}", int{indices[i]},
                                             palette.size() / 3));
      std::copy_n(palette.data() + entry, 3, reinterpret_cast<char*>(row) + (left + i) * 3);
    }
  }

  GifReader reader_;
  const std::string& name_;
  int max_frames_;
  ImageLimits limits_;
  Raster out_;
  size_t frame_bytes_ = 0;
  std::string_view global_;
  std::optional<uint8_t> transparent_;
};

}  // namespace

Raster decode_gif(std::string_view bytes, const std::string& name, int max_frames,
                  const ImageLimits& limits, GifCanvas canvas) {
  return Decoder(bytes, name, max_frames, limits).decode(canvas);
}

}  // namespace thaw
