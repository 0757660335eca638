// One thread's part of a depthwise convolution, an output row at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/conv/conv.h"
#include "kernels/cpu/kernel_set.h"

namespace thaw::cpu {

// Where a run of channels of an image lies: `pitch` elements from one pixel to the next.
struct DepthwiseSource {
  const void* image;
  Element type = Element::kFloat32;
  float zero = 0;
  int64_t pitch = 0;
};

class DepthwiseRows {
 public:
  // Whether rows are read where they lie. They aren't with other types than float32 and with a
  // channel multiplier.
  static bool reads_in_place(const WindowShape& shape, Element type) {
    return type == Element::kFloat32 && shape.in_c == shape.out_c;
  }
  static size_t scratch_bytes(const WindowShape& shape, bool in_place);

  // w is [kernel_h][kernel_w][w_pitch], of which the shape's out_c are used. scratch is aligned to
  // 64. With in_place sources have pitch == in_c.
  DepthwiseRows(const DepthwiseKernels& kernels, void (*widen)(const WidenJob&),
                const WindowShape& shape, bool in_place, const float* w, int64_t w_pitch,
                const float* bias, Clamp clamp, char* scratch);

  // Output row oy of the source, [out_w][out_c]. Rows of one source come in ascending order.
  void run(const DepthwiseSource& source, int64_t oy, float* out);

 private:
  bool inside(int64_t iy) const { return iy >= 0 && iy < s_.in_h; }
  float* place(int64_t iy) const;
  const float* input_row(int64_t ky) const;
  void fill_rows();
  void fill(int64_t iy, float* out);
  void pixels(int64_t ox, int64_t count, float* out);
  void run3x3(int64_t first, int64_t last, float* out);

  // The tap lists of a pixel, a row of zeros to stand in for rows outside the picture, and unless
  // they are read in place the window's input rows in float32 with the output's channels, each in
  // the place its number gives it, so that the next output row finds it there.
  struct Layout {
    size_t taps = 0;
    size_t zeros = 0;
    size_t pixel = 0;
    size_t row = 0;
    int64_t places = 0;
    Layout(const WindowShape& shape, bool in_place);
    size_t bytes() const { return 2 * taps + zeros + pixel + static_cast<size_t>(places) * row; }
  };

  const DepthwiseKernels& kernels_;
  void (*const widen_)(const WidenJob&);
  const WindowShape s_;
  const bool in_place_;
  const Layout layout_;
  const float* w_;
  const int64_t w_pitch_;
  const float* bias_;
  const Clamp clamp_;
  const float** x_taps_;
  const float** w_taps_;
  float* zeros_;
  float* pixel_;  // its input channels, before they are repeated
  char* rows_;
  DepthwiseSource source_{nullptr};
  int64_t y0_ = 0;
  int64_t next_fill_ = 0;  // rows before it are in their places, or no longer needed
};

}  // namespace thaw::cpu
