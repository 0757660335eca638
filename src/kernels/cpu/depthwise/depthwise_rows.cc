#include "kernels/cpu/depthwise/depthwise_rows.h"

#include <algorithm>
#include <cstring>

#include "base/round_up.h"

namespace thaw::cpu {
namespace {

bool has_fast_run(const WindowShape& s) {
  return s.kernel_h == 3 && s.kernel_w == 3 && s.dilation_h == 1 && s.dilation_w == 1 &&
         s.stride_w <= 2;
}

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));

}  // namespace

DepthwiseRows::Layout::Layout(const WindowShape& s, bool in_place) {
  taps = whole_lines(s.kernel_h * s.kernel_w * static_cast<int64_t>(sizeof(float*)));
  const size_t row_size = whole_lines(s.in_w * s.out_c * kFloatBytes);
  if (has_fast_run(s)) zeros = row_size;
  if (in_place) return;
  pixel = whole_lines(s.in_c * kFloatBytes);
  row = row_size;
  places = std::min((s.kernel_h - 1) * s.dilation_h + 1, s.in_h);
}

size_t DepthwiseRows::scratch_bytes(const WindowShape& shape, bool in_place) {
  return Layout(shape, in_place).bytes();
}

DepthwiseRows::DepthwiseRows(const DepthwiseKernels& kernels, void (*widen)(const WidenJob&),
                             const WindowShape& shape, bool in_place, const float* w,
                             int64_t w_pitch, const float* bias, Clamp clamp, char* scratch)
    : kernels_(kernels),
      widen_(widen),
      s_(shape),
      in_place_(in_place),
      layout_(shape, in_place),
      w_(w),
      w_pitch_(w_pitch),
      bias_(bias),
      clamp_(clamp) {
  x_taps_ = reinterpret_cast<const float**>(scratch);
  w_taps_ = reinterpret_cast<const float**>(scratch + layout_.taps);
  zeros_ = reinterpret_cast<float*>(scratch + 2 * layout_.taps);
  pixel_ = reinterpret_cast<float*>(scratch + 2 * layout_.taps + layout_.zeros);
  rows_ = scratch + 2 * layout_.taps + layout_.zeros + layout_.pixel;
  std::memset(zeros_, 0, layout_.zeros);
}

void DepthwiseRows::run(const DepthwiseSource& source, int64_t oy, float* out) {
  if (source.image != source_.image) next_fill_ = 0;
  source_ = source;
  y0_ = oy * s_.stride_h - s_.pad_top;
  if (!in_place_) fill_rows();
  // Pixels whose window lies between the left and right edges.
  const int64_t span = (s_.kernel_w - 1) * s_.dilation_w + 1;
  const int64_t first = std::min((s_.pad_left + s_.stride_w - 1) / s_.stride_w, s_.out_w);
  const int64_t room = s_.in_w + s_.pad_left - span;
  const int64_t last = std::clamp(room < 0 ? 0 : room / s_.stride_w + 1, first, s_.out_w);
  for (int64_t ox = 0; ox < first; ++ox) pixels(ox, 1, out + ox * s_.out_c);
  if (last > first) {
    if (has_fast_run(s_)) {
      run3x3(first, last, out + first * s_.out_c);
    } else {
      pixels(first, last - first, out + first * s_.out_c);
    }
  }
  for (int64_t ox = last; ox < s_.out_w; ++ox) pixels(ox, 1, out + ox * s_.out_c);
}

float* DepthwiseRows::place(int64_t iy) const {
  return reinterpret_cast<float*>(rows_ + static_cast<size_t>(iy % layout_.places) * layout_.row);
}

// Input row under row ky of the window, with out_c channels.
const float* DepthwiseRows::input_row(int64_t ky) const {
  const int64_t iy = y0_ + ky * s_.dilation_h;
  return in_place_ ? static_cast<const float*>(source_.image) + iy * s_.in_w * s_.in_c : place(iy);
}

void DepthwiseRows::fill_rows() {
  const int64_t end = std::min(y0_ + (s_.kernel_h - 1) * s_.dilation_h + 1, s_.in_h);
  for (int64_t iy = std::max({y0_, next_fill_, int64_t{0}}); iy < end; ++iy) fill(iy, place(iy));
  next_fill_ = std::max(next_fill_, end);
}

void DepthwiseRows::fill(int64_t iy, float* out) {
  const char* row = static_cast<const char*>(source_.image) +
                    iy * s_.in_w * source_.pitch * bytes_of(source_.type);
  if (s_.in_c == s_.out_c)
    return widen_({row, source_.type, s_.in_w, s_.in_c, source_.pitch, source_.zero, out});
  const int64_t multiplier = s_.out_c / s_.in_c;
  for (int64_t ix = 0; ix < s_.in_w; ++ix, row += source_.pitch * bytes_of(source_.type)) {
    widen_({row, source_.type, 1, s_.in_c, s_.in_c, source_.zero, pixel_});
    for (int64_t c = 0; c < s_.in_c; ++c, out += multiplier)
      std::fill(out, out + multiplier, pixel_[c]);
  }
}

// `count` pixels from ox on; more than one only where no column of the window is outside.
void DepthwiseRows::pixels(int64_t ox, int64_t count, float* out) {
  const int64_t x0 = ox * s_.stride_w - s_.pad_left;
  int64_t taps = 0;
  for (int64_t ky = 0; ky < s_.kernel_h; ++ky) {
    if (!inside(y0_ + ky * s_.dilation_h)) continue;
    const float* row = input_row(ky);
    for (int64_t kx = 0; kx < s_.kernel_w; ++kx) {
      const int64_t ix = x0 + kx * s_.dilation_w;
      if (ix < 0 || ix >= s_.in_w) continue;
      x_taps_[taps] = row + ix * s_.out_c;
      w_taps_[taps++] = w_ + (ky * s_.kernel_w + kx) * w_pitch_;
    }
  }
  kernels_.pixels(
      {x_taps_, w_taps_, taps, s_.out_c, s_.stride_w * s_.out_c, count, bias_, clamp_, out});
}

void DepthwiseRows::run3x3(int64_t first, int64_t last, float* out) {
  Depthwise3x3Run job;
  const int64_t offset = (first * s_.stride_w - s_.pad_left) * s_.out_c;
  for (int64_t ky = 0; ky < 3; ++ky)
    job.rows[ky] = inside(y0_ + ky) ? input_row(ky) + offset : zeros_;
  job.w = w_;
  job.w_pitch = w_pitch_;
  job.channels = s_.out_c;
  job.stride = s_.stride_w;
  job.count = last - first;
  job.bias = bias_;
  job.clamp = clamp_;
  job.out = out;
  kernels_.run3x3(job);
}

}  // namespace thaw::cpu
