#include "kernels/cpu/conv/conv.h"

#include <algorithm>
#include <cstring>

#include "base/round_up.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kBlockBytes = 256 << 10;  // of activations that stay in the second-level cache
constexpr int64_t kSumBytes = 16 << 10;     // of sums that wait in the first-level cache
constexpr int64_t kMaxBlockRows = 384;
constexpr int64_t kMinPartMacs = 200000;  // below this, another thread costs more than it gives

// How one product is cut up. A segment is what lies together in x: with `row_taps` a whole row of
// the window over all channels (copied only where it crosses the picture's edge), else one tap.
struct Plan {
  bool row_taps = false;
  int64_t group_c = 1;
  int64_t segments = 1;
  int64_t length = 1;
  int64_t tile_rows = 1;
  int64_t block_rows = 1;
  size_t pointer_bytes = 0;
  size_t zero_bytes = 0;
  size_t copy_bytes = 0;
  size_t sum_bytes = 0;
  size_t bytes() const { return pointer_bytes + zero_bytes + copy_bytes + sum_bytes; }
};

// With `rounded` the sums of a block wait in scratch, but where the kernels have the epilogue.
Plan make_plan(const GemmKernels& kernels, const WindowShape& s, int64_t groups, bool rounded) {
  const bool waits = rounded && !kernels.has_epilogue();
  constexpr int64_t kFewChannels = 32;
  Plan p;
  p.group_c = s.in_c / groups;
  const int64_t taps = s.kernel_h * s.kernel_w;
  p.row_taps = groups == 1 && s.dilation_w == 1 && s.kernel_w > 1 && s.in_c <= kFewChannels;
  p.segments = p.row_taps ? s.kernel_h : taps;
  p.length = p.row_taps ? s.kernel_w * s.in_c : p.group_c;
  p.tile_rows = kernels.rows[kernels.panel_vectors];
  // Neighbouring windows overlap: each adds its step's pixels.
  const int64_t fresh = std::min(taps, s.stride_h * s.stride_w) * p.group_c;
  int64_t fitting = kBlockBytes / (fresh * static_cast<int64_t>(sizeof(float)));
  if (waits)
    fitting = std::min(fitting, kSumBytes / (s.out_c * static_cast<int64_t>(sizeof(float))));
  p.block_rows = round_up(std::clamp<int64_t>(fitting, 1, kMaxBlockRows), p.tile_rows);
  const int64_t pixels = s.batch * s.out_h * s.out_w;
  p.block_rows = std::min(p.block_rows, round_up(pixels, p.tile_rows));
  p.pointer_bytes = whole_lines(p.segments * p.block_rows * static_cast<int64_t>(sizeof(float*)));
  p.zero_bytes = whole_lines(p.length * static_cast<int64_t>(sizeof(float)));
  if (p.row_taps)
    p.copy_bytes =
        whole_lines(p.block_rows * p.segments * p.length * static_cast<int64_t>(sizeof(float)));
  if (waits)
    p.sum_bytes =
        whole_lines(p.block_rows * (s.out_c / groups) * static_cast<int64_t>(sizeof(float)));
  return p;
}

// One thread's part of one group's product.
class BlockRunner {
 public:
  BlockRunner(const WindowShape& shape, const Plan& plan, char* scratch)
      : s_(shape),
        plan_(plan),
        rows_(reinterpret_cast<const float**>(scratch)),
        zero_(reinterpret_cast<float*>(scratch + plan.pointer_bytes)),
        copies_(reinterpret_cast<float*>(scratch + plan.pointer_bytes + plan.zero_bytes)),
        sums_(reinterpret_cast<float*>(scratch + plan.bytes() - plan.sum_bytes)) {
    std::memset(zero_, 0, plan.zero_bytes);
  }

  // Output pixels [begin, end) against panels [first, last) of a group, whose first channel
  // result.y points to.
  void run(const PackedMatrix& filter, const float* x, const ConvResult& result, int64_t begin,
           int64_t end, int64_t first, int64_t last) {
    const int64_t blocks =
        std::max<int64_t>(1, (end - begin + plan_.block_rows - 1) / plan_.block_rows);
    const int64_t step = round_up((end - begin + blocks - 1) / blocks, plan_.tile_rows);
    for (int64_t row = begin; row < end; row += step) {
      const int64_t count = std::min(step, end - row);
      gather(x, row, count);
      PanelJob job;
      job.rows = rows_;
      job.row_count = count;
      job.row_stride = plan_.block_rows;
      job.segments = plan_.segments;
      job.length = plan_.length;
      const bool rounded = result.epilogue != nullptr;
      const bool has_epilogue = filter.kernels().has_epilogue();
      job.clamp = rounded ? Clamp() : result.clamp;
      job.ldc = rounded ? filter.n() : s_.out_c;
      float* c = rounded ? sums_ : static_cast<float*>(result.y) + row * s_.out_c;
      for (int64_t i = first; i < last; ++i) {
        const PackedMatrix::Panel panel = filter.panel(i);
        job.b = panel.b;
        job.bias = panel.bias;
        job.vectors = panel.vectors;
        job.columns = panel.columns;
        job.prepared = panel.prepared;
        job.c = c + panel.column;
        if (has_epilogue) epilogue_in_panel(result, row, panel.column, job);
        filter.kernels().panel(job);
      }
      if (rounded && !has_epilogue) epilogue(filter, result, row, count, first, last);
    }
  }

 private:
  bool is_plain() const {
    return s_.kernel_h == 1 && s_.kernel_w == 1 && s_.stride_h == 1 && s_.stride_w == 1 &&
           s_.pad_top == 0 && s_.pad_left == 0 && s_.out_h == s_.in_h && s_.out_w == s_.in_w;
  }

  void* result_at(const ConvResult& result, int64_t row, int64_t column) const {
    return static_cast<char*>(result.y) +
           (row * s_.out_c + column) * bytes_of(result.channels.result);
  }

  void epilogue_in_panel(const ConvResult& result, int64_t row, int64_t column,
                         PanelJob& job) const {
    job.epilogue = result.channels.from(column);
    job.y = result_at(result, row, column);
    job.ldy = s_.out_c;
  }

  void epilogue(const PackedMatrix& filter, const ConvResult& result, int64_t row, int64_t count,
                int64_t first, int64_t last) {
    const PackedMatrix::Panel end = filter.panel(last - 1);
    const int64_t column = filter.panel(first).column;
    EpilogueJob job;
    job.sums = sums_ + column;
    job.rows = count;
    job.n = end.column + end.columns - column;
    job.ld = filter.n();
    job.epilogue = result.channels.from(column);
    job.y = result_at(result, row, column);
    job.ldy = s_.out_c;
    result.epilogue(job);
  }

  void gather(const float* x, int64_t first, int64_t count) {
    if (is_plain()) {
      for (int64_t i = 0; i < count; ++i) rows_[i] = x + (first + i) * s_.in_c;
      return;
    }
    int64_t ox = first % s_.out_w;
    int64_t oy = first / s_.out_w % s_.out_h;
    const float* image = x + first / s_.out_w / s_.out_h * s_.in_h * s_.in_w * s_.in_c;
    for (int64_t i = 0; i < count;) {  // a run of pixels of one output row at a time
      const int64_t run = std::min(count - i, s_.out_w - ox);
      if (plan_.row_taps) {
        gather_rows(image, oy, ox, run, i);
      } else {
        gather_taps(image, oy, ox, run, i);
      }
      i += run;
      ox = 0;
      if (++oy < s_.out_h) continue;
      oy = 0;
      image += s_.in_h * s_.in_w * s_.in_c;
    }
  }

  // The output columns of [ox, ox + run) whose input columns, `offset` on from the stride's
  // multiple, lie in [0, limit).
  struct Columns {
    int64_t begin;
    int64_t end;
  };
  Columns columns_inside(int64_t ox, int64_t run, int64_t offset, int64_t limit) const {
    const int64_t first = offset < 0 ? (-offset + s_.stride_w - 1) / s_.stride_w : 0;
    const int64_t last = limit - 1 < offset ? 0 : (limit - 1 - offset) / s_.stride_w + 1;
    const int64_t begin = std::clamp(first, ox, ox + run);
    return {begin, std::clamp(last, begin, ox + run)};
  }

  void gather_taps(const float* image, int64_t oy, int64_t ox, int64_t run, int64_t i) {
    const int64_t step = s_.stride_w * s_.in_c;
    const float** out = rows_ + i;
    for (int64_t ky = 0; ky < s_.kernel_h; ++ky) {
      const int64_t iy = oy * s_.stride_h - s_.pad_top + ky * s_.dilation_h;
      const bool inside = iy >= 0 && iy < s_.in_h;
      for (int64_t kx = 0; kx < s_.kernel_w; ++kx, out += plan_.block_rows) {
        const int64_t offset = kx * s_.dilation_w - s_.pad_left;
        const Columns c = columns_inside(ox, inside ? run : 0, offset, s_.in_w);
        const int64_t start = (iy * s_.in_w + offset) * s_.in_c;
        std::fill(out, out + (c.begin - ox), zero_);
        for (int64_t o = c.begin; o < c.end; ++o) out[o - ox] = image + (start + o * step);
        std::fill(out + (c.end - ox), out + run, zero_);
      }
    }
  }

  void gather_rows(const float* image, int64_t oy, int64_t ox, int64_t run, int64_t i) {
    const int64_t step = s_.stride_w * s_.in_c;
    const Columns c = columns_inside(ox, run, -s_.pad_left, s_.in_w - s_.kernel_w + 1);
    const float** out = rows_ + i;
    for (int64_t ky = 0; ky < s_.kernel_h; ++ky, out += plan_.block_rows) {
      const int64_t iy = oy * s_.stride_h - s_.pad_top + ky * s_.dilation_h;
      if (iy < 0 || iy >= s_.in_h) {
        std::fill(out, out + run, zero_);
        continue;
      }
      const float* row = image + iy * s_.in_w * s_.in_c;
      float* copies = copies_ + (ky * plan_.block_rows + i) * plan_.length;
      const auto edge = [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o)
          out[o - ox] = copy_edge(row, o, copies + (o - ox) * plan_.length);
      };
      edge(ox, c.begin);
      for (int64_t o = c.begin; o < c.end; ++o)
        out[o - ox] = row + (o * step - s_.pad_left * s_.in_c);
      edge(c.end, ox + run);
    }
  }

  // The window's part of an input row, copied with zeros for what lies outside the picture.
  const float* copy_edge(const float* row, int64_t ox, float* copy) {
    const int64_t x0 = ox * s_.stride_w - s_.pad_left;
    const int64_t from = std::max<int64_t>(x0, 0);
    const int64_t to = std::min(x0 + s_.kernel_w, s_.in_w);
    if (from >= to) return zero_;
    std::memset(copy, 0, static_cast<size_t>(plan_.length) * sizeof(float));
    std::memcpy(copy + (from - x0) * s_.in_c, row + from * s_.in_c,
                static_cast<size_t>((to - from) * s_.in_c) * sizeof(float));
    return copy;
  }

  const WindowShape& s_;
  const Plan& plan_;
  const float** rows_;
  float* zero_;
  float* copies_;
  float* sums_;
};

// A group's part of the result, whose channels begin at c.
ConvResult result_from(const ConvResult& whole, int64_t c) {
  ConvResult r = whole;
  const Element type = whole.epilogue != nullptr ? whole.channels.result : Element::kFloat32;
  r.y = static_cast<char*>(whole.y) + c * bytes_of(type);
  if (whole.epilogue == nullptr) return r;
  r.channels = whole.channels.from(c);
  return r;
}

}  // namespace

size_t conv2d_scratch_bytes(const GemmKernels& kernels, const WindowShape& shape, int64_t groups,
                            bool rounded) {
  return make_plan(kernels, shape, groups, rounded).bytes();
}

void conv2d(const WindowShape& shape, const PackedMatrix* filters, int64_t groups, const float* x,
            const ConvResult& result, ThreadPool& pool, void* scratch) {
  const Plan plan = make_plan(filters[0].kernels(), shape, groups, result.epilogue != nullptr);
  const int64_t pixels = shape.batch * shape.out_h * shape.out_w;
  const int64_t panels = filters[0].panels();
  const int64_t group_n = filters[0].n();
  const auto part = [&](int64_t begin, int64_t end, int64_t first, int64_t last, int thread) {
    BlockRunner runner(shape, plan,
                       static_cast<char*>(scratch) + static_cast<size_t>(thread) * plan.bytes());
    for (int64_t g = first / panels; g * panels < last; ++g) {
      runner.run(filters[g], x + g * plan.group_c, result_from(result, g * group_n), begin, end,
                 std::max<int64_t>(first - g * panels, 0), std::min(last - g * panels, panels));
    }
  };
  const int64_t tiles = (pixels + plan.tile_rows - 1) / plan.tile_rows;
  const int64_t row_macs = filters[0].k() * shape.out_c;
  if (tiles >= 4 * static_cast<int64_t>(pool.threads())) {
    const int64_t grain = kMinPartMacs / (row_macs * plan.tile_rows) + 1;
    pool.parallel_for(tiles, grain, [&](int64_t begin, int64_t end, int thread) {
      part(begin * plan.tile_rows, std::min(end * plan.tile_rows, pixels), 0, groups * panels,
           thread);
    });
    return;
  }
  const int64_t grain = kMinPartMacs * groups * panels / (row_macs * pixels) + 1;
  pool.parallel_for(groups * panels, grain, [&](int64_t begin, int64_t end, int thread) {
    part(0, pixels, begin, end, thread);
  });
}

}  // namespace thaw::cpu
