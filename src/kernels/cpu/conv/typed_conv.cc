#include "kernels/cpu/conv/typed_conv.h"

#include <algorithm>
#include <cstring>

#include "base/round_up.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kBlockBytes = 192 << 10;  // of activations that stay in the second-level cache
constexpr int64_t kMaxBlockRows = 384;
constexpr int64_t kMinPartMacs = 400000;  // below this, another thread costs more than it gives

class BlockRunner {
 public:
  BlockRunner(const TypedConv& conv, const void* x, void* const* y, char* scratch)
      : conv_(conv),
        s_(conv.shape),
        size_(bytes_of(conv.x_type)),
        group_c_(s_.in_c / conv.groups),
        in_place_(lies_in_x()),
        block_rows_(rows_of_block()),
        x_(static_cast<const char*>(x)),
        y_(y),
        gathered_(scratch),
        scratch_(scratch == nullptr ? nullptr : scratch + gathered_bytes()) {}

  size_t scratch_bytes() const {
    size_t most = 0;
    for (int64_t i = 0; i < parts(); ++i)
      most = std::max(most, conv_.filters[i].scratch_bytes(block_rows_));
    return gathered_bytes() + most;
  }

  // Output pixels [begin, end) of panels [first, last), counted through all filters.
  void run(int64_t begin, int64_t end, int64_t first, int64_t last) {
    for (int64_t row = begin; row < end; row += block_rows_) {
      int64_t before = 0;  // panels of the filters that came already
      bool gathered = in_place_;
      for (int64_t i = 0; i < parts() && before < last; before += conv_.filters[i++].panels()) {
        const int64_t from = std::max<int64_t>(first - before, 0);
        const int64_t to = std::min(last - before, conv_.filters[i].panels());
        if (from >= to) continue;
        const int64_t rows = std::min(block_rows_, end - row);
        if (!gathered) gather(conv_.heads > 1 ? 0 : i, row, rows);
        gathered = conv_.heads > 1 || in_place_;
        multiply(i, row, rows, from, to);
      }
    }
  }

 private:
  int64_t parts() const { return conv_.groups * conv_.heads; }

  void multiply(int64_t part, int64_t row, int64_t rows, int64_t first, int64_t last) {
    const TypedMatrix& filter = conv_.filters[part];
    const bool heads = conv_.heads > 1;
    const int64_t pitch = heads ? filter.n() : s_.out_c;
    const int64_t at = row * pitch + (heads ? 0 : part * filter.n());
    auto* y = static_cast<char*>(y_[heads ? part : 0]) + at * bytes_of(conv_.y_type);
    const char* from = in_place_ ? x_ + row * s_.in_c * size_ : gathered_;
    const int64_t stride = in_place_ ? s_.in_c * size_ : filter.row_bytes();
    filter.run(from, stride, rows, first, last, y, pitch, scratch_);
  }

  bool lies_in_x() const {
    return s_.kernel_h == 1 && s_.kernel_w == 1 && s_.stride_h == 1 && s_.stride_w == 1 &&
           s_.pad_top == 0 && s_.pad_left == 0 && s_.out_h == s_.in_h && s_.out_w == s_.in_w &&
           conv_.groups == 1 && s_.in_c * size_ == conv_.filters[0].row_bytes();
  }

  int64_t rows_of_block() const {
    const TypedMatrix& filter = conv_.filters[0];
    const int64_t fitting = std::clamp<int64_t>(kBlockBytes / filter.row_bytes(), 1, kMaxBlockRows);
    const int64_t pixels = s_.batch * s_.out_h * s_.out_w;
    return round_up(std::min(fitting, pixels), filter.tile_rows());
  }

  size_t gathered_bytes() const {
    if (in_place_) return 0;
    return whole_lines(block_rows_ * conv_.filters[0].row_bytes());
  }

  // The windows of `count` output pixels as rows: taps in the filter's order, the zero outside the
  // picture, zeros behind.
  void gather(int64_t group, int64_t first, int64_t count) {
    const int64_t row_bytes = conv_.filters[0].row_bytes();
    char* out = gathered_;
    for (int64_t i = 0; i < count; ++i, out += row_bytes) {
      const int64_t pixel = first + i;
      const int64_t ox = pixel % s_.out_w;
      const int64_t oy = pixel / s_.out_w % s_.out_h;
      const char* image = x_ + pixel / s_.out_w / s_.out_h * s_.in_h * s_.in_w * s_.in_c * size_ +
                          group * group_c_ * size_;
      char* end = gather_window(image, oy, ox, out);
      std::memset(end, 0, static_cast<size_t>(out + row_bytes - end));
    }
  }

  char* gather_window(const char* image, int64_t oy, int64_t ox, char* out) {
    const int64_t x0 = ox * s_.stride_w - s_.pad_left;
    const int64_t tap = group_c_ * size_;
    const bool runs = conv_.groups == 1 && s_.dilation_w == 1;
    for (int64_t ky = 0; ky < s_.kernel_h; ++ky) {
      const int64_t iy = oy * s_.stride_h - s_.pad_top + ky * s_.dilation_h;
      const char* row = image + iy * s_.in_w * s_.in_c * size_;
      if (iy < 0 || iy >= s_.in_h) {
        out = fill(out, s_.kernel_w * tap);
      } else if (runs) {
        const int64_t end = x0 + s_.kernel_w;
        const int64_t from = std::clamp<int64_t>(0, x0, end);
        const int64_t to = std::clamp<int64_t>(s_.in_w, from, end);
        out = fill(out, (from - x0) * tap);
        out = copy(out, row + from * tap, (to - from) * tap);
        out = fill(out, (end - to) * tap);
      } else {
        for (int64_t kx = 0; kx < s_.kernel_w; ++kx) {
          const int64_t ix = x0 + kx * s_.dilation_w;
          out =
              ix < 0 || ix >= s_.in_w ? fill(out, tap) : copy(out, row + ix * s_.in_c * size_, tap);
        }
      }
    }
    return out;
  }

  char* fill(char* out, int64_t bytes) const {
    std::memset(out, conv_.in_zero, static_cast<size_t>(bytes));
    return out + bytes;
  }
  static char* copy(char* out, const char* from, int64_t bytes) {
    std::memcpy(out, from, static_cast<size_t>(bytes));
    return out + bytes;
  }

  const TypedConv& conv_;
  const WindowShape& s_;
  const int64_t size_;
  const int64_t group_c_;
  const bool in_place_;
  const int64_t block_rows_;
  const char* x_;
  void* const* y_;
  char* gathered_;
  char* scratch_;
};

}  // namespace

size_t typed_conv_scratch_bytes(const TypedConv& conv) {
  return BlockRunner(conv, nullptr, nullptr, nullptr).scratch_bytes();
}

void typed_conv(const TypedConv& conv, const void* x, void* const* y, ThreadPool& pool,
                void* scratch) {
  const WindowShape& s = conv.shape;
  const TypedMatrix& filter = conv.filters[0];
  const int64_t pixels = s.batch * s.out_h * s.out_w;
  const int64_t tile_rows = filter.tile_rows();
  const int64_t tiles = (pixels + tile_rows - 1) / tile_rows;
  const int64_t row_macs = filter.k() * s.out_c;
  int64_t panels = 0;
  for (int64_t i = 0; i < conv.groups * conv.heads; ++i) panels += conv.filters[i].panels();
  const size_t bytes = typed_conv_scratch_bytes(conv);
  const auto runner = [&](int thread) {
    return BlockRunner(conv, x, y,
                       static_cast<char*>(scratch) + static_cast<size_t>(thread) * bytes);
  };
  if (tiles >= 4 * static_cast<int64_t>(pool.threads())) {
    const int64_t grain = kMinPartMacs / (row_macs * tile_rows) + 1;
    pool.parallel_for(tiles, grain, [&](int64_t begin, int64_t end, int thread) {
      runner(thread).run(begin * tile_rows, std::min(end * tile_rows, pixels), 0, panels);
    });
    return;
  }
  const int64_t grain = kMinPartMacs * panels / (row_macs * pixels) + 1;
  pool.parallel_for(panels, grain, [&](int64_t begin, int64_t end, int thread) {
    runner(thread).run(0, pixels, begin, end);
  });
}

}  // namespace thaw::cpu
