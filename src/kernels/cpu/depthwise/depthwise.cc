#include "kernels/cpu/depthwise/depthwise.h"

#include <algorithm>
#include <cstring>

#include "base/round_up.h"
#include "kernels/cpu/depthwise/depthwise_rows.h"
#include "kernels/cpu/depthwise/dot_depthwise.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kMinPartMacs = 50000;    // below this, another thread costs more than it gives
constexpr int64_t kSliceBytes = 64 << 10;  // of widened rows that stay in the first-level cache
constexpr size_t kFloatBytes = sizeof(float);
constexpr int64_t kSliceStep = 16;  // channels

const DotDepthwise* dot_of(const KernelSet& set, const LayerTypes& types) {
  const bool to_half = types.result == Element::kFloat16 || types.result == Element::kBFloat16;
  if (types.x == Element::kFloat16 && to_half) {
    if (types.float16_accumulation && set.depthwise_float16_accumulation != nullptr)
      return set.depthwise_float16_accumulation;
    return set.depthwise_float16;
  }
  if (types.x != types.result) return nullptr;
  if (types.x == Element::kBFloat16) return set.depthwise_bfloat16;
  return types.x == Element::kUInt8 ? set.depthwise_uint8 : nullptr;
}

}  // namespace

DepthwiseLayer::DepthwiseLayer(const OpDesc& desc, const KernelSet& set, const LayerTypes& types,
                               size_t filter, size_t bias)
    : set_(&set), types_(types) {
  const Tensor& f = *desc.inputs[filter].constant;
  const int64_t count = f.num_elements();
  const int64_t out_c = f.dim(2) * f.dim(3);
  const int64_t epilogue_at = round_up(count, 16);
  const int64_t bias_at =
      epilogue_at + static_cast<int64_t>(ChannelEpilogue::bytes(out_c) / kFloatBytes);
  const bool is_3x3 = f.dim(0) == 3 && f.dim(1) == 3 && f.dim(3) == 1;
  if (is_3x3) dot_ = dot_of(set, types);
  if (dot_ != nullptr && out_c < dot_->least_channels) dot_ = nullptr;
  const int64_t blocks_at = round_up(bias_at + out_c, 16);
  const size_t block_bytes = dot_ != nullptr ? dot_depthwise_bytes(dot_->layout, out_c) : 0;
  const size_t bytes = static_cast<size_t>(blocks_at) * kFloatBytes + block_bytes;
  packed_ = desc.pack(bytes, [&](void* memory) {
    auto* to = static_cast<float*>(memory);
    const float* b = constant_floats(desc, bias);
    const Element filter_type = types.x == Element::kUInt8 ? types.x : Element::kFloat32;
    const RoundedFilter rounded =
        rounded_filter(constant_floats(desc, filter), count, out_c, filter_type);
    std::fill(to, to + blocks_at, 0.0F);
    std::copy(rounded.values.begin(), rounded.values.end(), to);
    ChannelEpilogue::fill(types, rounded.scales, b, to + epilogue_at);
    if (in_float32() && b != nullptr) std::copy_n(b, out_c, to + bias_at);
    if (block_bytes > 0)
      pack_dot_depthwise(dot_->layout, to, out_c, types.in_zero,
                         ChannelEpilogue(types, out_c, to + epilogue_at).at(0), to + blocks_at);
  });
  filter_ = packed_.data<float>();
  epilogue_ = ChannelEpilogue(types, out_c, filter_ + epilogue_at);
  bias_ = filter_ + bias_at;
  dot_blocks_ = filter_ + blocks_at;
}

bool DepthwiseLayer::runs_dot(const WindowShape& s) const {
  return dot_ != nullptr && s.dilation_h == 1 && s.dilation_w == 1 && s.stride_w <= 2;
}

// Where the kernel doesn't clip, the pixels whose window crosses the left or right edge run on a
// copy of it.
void DepthwiseLayer::run_dot_row(const WindowShape& s, const DotDepthwiseRun& row,
                                 char* edge) const {
  if (dot_->clips) {
    DotDepthwiseRun all = row;
    for (const char*& r : all.rows) r -= s.pad_left * row.step;
    all.count = s.out_w;
    all.inside = {s.pad_left, s.pad_left + s.in_w};
    return dot_->run(all);
  }
  const int64_t first = std::min((s.pad_left + s.stride_w - 1) / s.stride_w, s.out_w);
  const int64_t room = s.in_w + s.pad_left - 3;
  const int64_t last = std::clamp(room < 0 ? 0 : room / s.stride_w + 1, first, s.out_w);
  DotDepthwiseRun job = row;
  for (int64_t ox = 0; ox < s.out_w; ++ox) {
    const int64_t x0 = ox * s.stride_w - s.pad_left;
    job.out = row.out + ox * row.out_step;
    if (ox == first && last > first) {
      for (int ky = 0; ky < 3; ++ky) job.rows[ky] = row.rows[ky] + x0 * row.step;
      job.count = last - first;
      dot_->run(job);
      ox = last - 1;
      continue;
    }
    for (int ky = 0; ky < 3; ++ky) {
      job.rows[ky] = edge + 3 * ky * row.step;
      for (int64_t kx = 0; kx < 3; ++kx) {
        char* to = edge + (3 * ky + kx) * row.step;
        if (x0 + kx < 0 || x0 + kx >= s.in_w) {
          std::memset(to, types_.in_zero, static_cast<size_t>(row.step));
        } else {
          std::memcpy(to, row.rows[ky] + (x0 + kx) * row.step, static_cast<size_t>(row.step));
        }
      }
    }
    job.count = 1;
    dot_->run(job);
  }
}

void DepthwiseLayer::run_dot_rows(const WindowShape& s, const void* image, int64_t first,
                                  int64_t last, const Target& target, char* scratch) const {
  const int64_t size = bytes_of(types_.x);  // and of the result
  DotDepthwiseRun job;
  job.step = s.in_c * size;
  job.stride = s.stride_w;
  job.channels = s.out_c;
  job.blocks = dot_blocks_;
  const Epilogue epilogue = epilogue_.at(0);
  job.clamp = epilogue.clamp;
  job.result = types_.result;
  job.zero = epilogue.zero;
  job.out = static_cast<char*>(target.y);
  job.out_step = target.pitch * size;
  const int64_t row_bytes = s.in_w * job.step;
  bool zeros_ready = false;  // a row for what lies above and below the picture
  for (int64_t oy = first; oy < last; ++oy, job.out += s.out_w * job.out_step) {
    for (int64_t ky = 0; ky < 3; ++ky) {
      const int64_t iy = oy * s.stride_h - s.pad_top + ky;
      const bool inside = iy >= 0 && iy < s.in_h;
      if (!inside && !zeros_ready) {
        std::memset(scratch, types_.in_zero, static_cast<size_t>(row_bytes));
        zeros_ready = true;
      }
      job.rows[ky] = inside ? static_cast<const char*>(image) + iy * row_bytes : scratch;
    }
    run_dot_row(s, job, scratch + row_bytes);
  }
}

// As many channels as are computed at a time: all where rows are read in place or channels are
// repeated, else few enough that their rows in float32 stay close.
WindowShape DepthwiseLayer::slice_of(const WindowShape& shape) const {
  WindowShape s = shape;
  if (types_.x == Element::kFloat32 || s.in_c != s.out_c) return s;
  const int64_t channel_bytes = s.kernel_h * s.in_w * static_cast<int64_t>(sizeof(float));
  const int64_t fitting = kSliceBytes / channel_bytes / kSliceStep * kSliceStep;
  s.in_c = s.out_c = std::min(std::max(fitting, kSliceStep), shape.in_c);
  return s;
}

size_t DepthwiseLayer::scratch_bytes(const WindowShape& shape) const {
  if (runs_dot(shape))
    return static_cast<size_t>((shape.in_w + 9) * shape.in_c * bytes_of(types_.x));
  const WindowShape slice = slice_of(shape);
  const bool in_place = DepthwiseRows::reads_in_place(slice, types_.x);
  const size_t row = static_cast<size_t>(slice.out_w * slice.out_c) * sizeof(float);
  return whole_lines(row) + DepthwiseRows::scratch_bytes(slice, in_place);
}

void DepthwiseLayer::run_slice(const WindowShape& shape, const WindowShape& slice, int64_t channel,
                               const void* image, int64_t first, int64_t last, const Target& target,
                               char* scratch) const {
  auto* sums = reinterpret_cast<float*>(scratch);
  const size_t row = static_cast<size_t>(slice.out_w * slice.out_c) * sizeof(float);
  const bool in_place = DepthwiseRows::reads_in_place(slice, types_.x);
  const bool direct = in_float32();
  DepthwiseRows rows(set_->depthwise, set_->convert.widen, slice, in_place, filter_ + channel,
                     shape.out_c, bias_ + channel, direct ? clamp_of(types_.activation) : Clamp(),
                     scratch + whole_lines(row));
  const DepthwiseSource source{static_cast<const char*>(image) + channel * bytes_of(types_.x),
                               types_.x, static_cast<float>(types_.in_zero), shape.in_c};
  char* to = static_cast<char*>(target.y) + channel * bytes_of(types_.result);
  for (int64_t oy = first; oy < last; ++oy) {
    rows.run(source, oy, direct ? reinterpret_cast<float*>(to) : sums);
    if (!direct)
      set_->convert.epilogue(
          {sums, slice.out_w, slice.out_c, slice.out_c, epilogue_.at(channel), to, target.pitch});
    to += shape.out_w * target.pitch * bytes_of(types_.result);
  }
}

void DepthwiseLayer::run_rows(const WindowShape& shape, const void* image, int64_t first,
                              int64_t last, const Target& target, void* scratch) const {
  if (runs_dot(shape))
    return run_dot_rows(shape, image, first, last, target, static_cast<char*>(scratch));
  WindowShape slice = slice_of(shape);
  const int64_t step = slice.out_c;
  for (int64_t c = 0; c < shape.out_c; c += step) {
    if (step < shape.out_c) slice.in_c = slice.out_c = std::min(step, shape.out_c - c);
    run_slice(shape, slice, c, image, first, last, target, static_cast<char*>(scratch));
  }
}

void DepthwiseLayer::run(const WindowShape& s, const void* x, void* y, ThreadPool& pool,
                         void* scratch) const {
  const size_t bytes = whole_lines(scratch_bytes(s));
  const int64_t row_macs = s.out_w * s.out_c * s.kernel_h * s.kernel_w;
  const int64_t grain = kMinPartMacs / row_macs + 1;
  const int64_t image_bytes = s.in_h * s.in_w * s.in_c * bytes_of(types_.x);
  const int64_t row_bytes = s.out_w * s.out_c * bytes_of(types_.result);
  pool.parallel_for(s.batch * s.out_h, grain, [&](int64_t begin, int64_t end, int thread) {
    char* own = static_cast<char*>(scratch) + static_cast<size_t>(thread) * bytes;
    for (int64_t row = begin; row < end;) {  // an image's rows at a time
      const int64_t image = row / s.out_h;
      const int64_t last = std::min(end, (image + 1) * s.out_h);
      run_rows(s, static_cast<const char*>(x) + image * image_bytes, row - image * s.out_h,
               last - image * s.out_h, {static_cast<char*>(y) + row * row_bytes, s.out_c}, own);
      row = last;
    }
  });
}

}  // namespace thaw::cpu
