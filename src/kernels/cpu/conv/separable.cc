#include "kernels/cpu/conv/separable.h"

#include <algorithm>
#include <cstring>

#include "base/round_up.h"

namespace thaw::cpu {
namespace {

constexpr int64_t kBlockBytes = 128 << 10;  // of what lies between, in the second-level cache
constexpr int64_t kMinPartMacs = 400000;    // below this, another thread costs more than it gives

int64_t blocks_of(const WindowShape& s, int64_t rows) { return (s.out_h + rows - 1) / rows; }

size_t middle_bytes(const Separable& layer, int64_t rows) {
  return whole_lines(rows * layer.shape.out_w * layer.pointwise.row_bytes());
}

}  // namespace

// The fewest rows of tiles on the busiest thread, each block costing half a tile more.
int64_t separable_block_rows(const Separable& layer, int threads) {
  const WindowShape& s = layer.shape;
  const int64_t tile = layer.pointwise.tile_rows();
  int64_t best = 1;
  int64_t best_cost = INT64_MAX;
  for (int64_t rows = 1; rows <= s.out_h; ++rows) {
    if (rows > 1 && middle_bytes(layer, rows) > static_cast<size_t>(kBlockBytes)) break;
    const int64_t turns = (s.batch * blocks_of(s, rows) + threads - 1) / threads;
    const int64_t cost = turns * (2 * round_up(rows * s.out_w, tile) + tile);
    if (cost < best_cost) {
      best = rows;
      best_cost = cost;
    }
  }
  return best;
}

size_t separable_scratch_bytes(const Separable& layer, int threads) {
  const int64_t rows = separable_block_rows(layer, threads);
  return middle_bytes(layer, rows) + whole_lines(layer.depthwise.scratch_bytes(layer.shape)) +
         layer.pointwise.scratch_bytes(rows * layer.shape.out_w);
}

void separable(const Separable& layer, const void* x, void* y, ThreadPool& pool, void* scratch) {
  const WindowShape& s = layer.shape;
  const TypedMatrix& pointwise = layer.pointwise;
  const LayerTypes& types = layer.depthwise.types();
  const int64_t rows = separable_block_rows(layer, pool.threads());
  const int64_t blocks = blocks_of(s, rows);
  const size_t bytes = separable_scratch_bytes(layer, pool.threads());
  const size_t depthwise_bytes = whole_lines(layer.depthwise.scratch_bytes(s));
  const int64_t middle_size = bytes_of(types.result);
  const int64_t pitch = pointwise.row_bytes() / middle_size;
  const int64_t y_size = bytes_of(pointwise.types().result);
  const int64_t row_macs = s.out_w * s.out_c * (s.kernel_h * s.kernel_w + pointwise.n());
  const int64_t grain = kMinPartMacs / (rows * row_macs) + 1;
  pool.parallel_for(s.batch * blocks, grain, [&](int64_t begin, int64_t end, int thread) {
    char* middle = static_cast<char*>(scratch) + static_cast<size_t>(thread) * bytes;
    char* own = middle + middle_bytes(layer, rows);
    if (pitch != s.out_c) std::memset(middle, 0, middle_bytes(layer, rows));
    for (int64_t b = begin; b < end; ++b) {
      const int64_t image = b / blocks;
      const int64_t first = b % blocks * rows;
      const int64_t last = std::min(first + rows, s.out_h);
      layer.depthwise.run_rows(
          s, static_cast<const char*>(x) + image * s.in_h * s.in_w * s.in_c * bytes_of(types.x),
          first, last, {middle, pitch}, own);
      const int64_t pixel = (image * s.out_h + first) * s.out_w;
      pointwise.run(middle, pointwise.row_bytes(), (last - first) * s.out_w, 0, pointwise.panels(),
                    static_cast<char*>(y) + pixel * pointwise.n() * y_size, pointwise.n(),
                    own + depthwise_bytes);
    }
  });
}

namespace {

// Rows of tiles of the pointwise half that are computed at a time.
int64_t pointwise_rows(const Separable& layer) {
  const int64_t tile = layer.pointwise.tile_rows();
  return std::max<int64_t>(1, kBlockBytes / (layer.pointwise.row_bytes() * tile)) * tile;
}

size_t whole_middle_bytes(const Separable& layer) {
  return middle_bytes(layer, layer.shape.batch * layer.shape.out_h);
}

size_t split_thread_bytes(const Separable& layer) {
  return std::max(whole_lines(layer.depthwise.scratch_bytes(layer.shape)),
                  whole_lines(layer.pointwise.scratch_bytes(pointwise_rows(layer))));
}

void split_depthwise(const Separable& layer, const void* x, char* middle, ThreadPool& pool,
                     char* scratch) {
  const WindowShape& s = layer.shape;
  const LayerTypes& types = layer.depthwise.types();
  const int64_t pitch = layer.pointwise.row_bytes() / bytes_of(types.result);
  if (pitch != s.out_c) std::memset(middle, 0, whole_middle_bytes(layer));
  const int64_t grain = kMinPartMacs / (s.out_w * s.out_c * s.kernel_h * s.kernel_w) + 1;
  pool.parallel_for(s.batch * s.out_h, grain, [&](int64_t begin, int64_t end, int thread) {
    char* own = scratch + static_cast<size_t>(thread) * split_thread_bytes(layer);
    while (begin < end) {
      const int64_t image = begin / s.out_h;
      const int64_t first = begin % s.out_h;
      const int64_t last = std::min(s.out_h, first + end - begin);
      layer.depthwise.run_rows(
          s, static_cast<const char*>(x) + image * s.in_h * s.in_w * s.in_c * bytes_of(types.x),
          first, last, {middle + begin * s.out_w * layer.pointwise.row_bytes(), pitch}, own);
      begin += last - first;
    }
  });
}

// Few pixels are split by columns of the result, many by pixels.
void split_pointwise(const Separable& layer, const char* middle, void* y, ThreadPool& pool,
                     char* scratch) {
  const WindowShape& s = layer.shape;
  const TypedMatrix& matrix = layer.pointwise;
  const int64_t pixels = s.batch * s.out_h * s.out_w;
  const int64_t tiles = (pixels + matrix.tile_rows() - 1) / matrix.tile_rows();
  const int64_t step = pointwise_rows(layer);
  const int64_t y_pitch = matrix.n() * bytes_of(matrix.types().result);
  const auto part = [&](int64_t begin, int64_t end, int64_t first, int64_t last, int thread) {
    char* own = scratch + static_cast<size_t>(thread) * split_thread_bytes(layer);
    for (int64_t row = begin; row < end; row += step)
      matrix.run(middle + row * matrix.row_bytes(), matrix.row_bytes(), std::min(step, end - row),
                 first, last, static_cast<char*>(y) + row * y_pitch, matrix.n(), own);
  };
  const int64_t row_macs = matrix.k() * matrix.n();
  if (tiles >= 4 * static_cast<int64_t>(pool.threads())) {
    const int64_t grain = kMinPartMacs / (row_macs * matrix.tile_rows()) + 1;
    pool.parallel_for(tiles, grain, [&](int64_t begin, int64_t end, int thread) {
      part(begin * matrix.tile_rows(), std::min(end * matrix.tile_rows(), pixels), 0,
           matrix.panels(), thread);
    });
    return;
  }
  const int64_t grain = kMinPartMacs * matrix.panels() / (row_macs * pixels) + 1;
  pool.parallel_for(matrix.panels(), grain, [&](int64_t begin, int64_t end, int thread) {
    part(0, pixels, begin, end, thread);
  });
}

}  // namespace

size_t split_separable_scratch_bytes(const Separable& layer, int threads) {
  return whole_middle_bytes(layer) + static_cast<size_t>(threads) * split_thread_bytes(layer);
}

void split_separable(const Separable& layer, const void* x, void* y, ThreadPool& pool,
                     void* scratch) {
  auto* middle = static_cast<char*>(scratch);
  char* own = middle + whole_middle_bytes(layer);
  split_depthwise(layer, x, middle, pool, own);
  split_pointwise(layer, middle, y, pool, own);
}

}  // namespace thaw::cpu
