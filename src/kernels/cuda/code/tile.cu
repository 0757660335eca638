// Convolutions without groups as matrix products in float32: pixels by output channels, a tile of
// TILE x TILE a block, 4 x 4 a thread. The K dimension is window positions by input channels; the
// next slab of it is loaded while the one before is multiplied.
//
// X, R: types of the input and the result; the filter is float32 [KH * KW * CI][CO].
#include "common.cuh"

#define M (N * OH * OW)
#define K (KH * KW * CI)
#define SLAB 16
#define THREADS (TILE * TILE / 16)
#define LOADS (TILE * SLAB / THREADS)

// Element k of a pixel's window.
__device__ __forceinline__ float input_at(const X* x, int pixel, int k) {
  const int y = pixel / OW % OH * STRIDE_Y - PAD_Y + k / CI / KW * DILATION_Y;
  const int column = pixel % OW * STRIDE_X - PAD_X + k / CI % KW * DILATION_X;
  const bool inside = pixel < M && k < K && y >= 0 && y < H && column >= 0 && column < IW;
  return inside ? to_float(x[((pixel / OW / OH * H + y) * IW + column) * CI + k % CI]) : 0.0f;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    tile_product(const X* x, const float* filter, const float* bias, R* out) {
  __shared__ float a[SLAB][TILE + 4];
  __shared__ float b[SLAB][TILE + 4];
  begin();
  const int thread = threadIdx.x;
  const int row = thread / (TILE / 4) * 4;
  const int column = thread % (TILE / 4) * 4;
  const int first_row = blockIdx.x * TILE;
  const int first_column = blockIdx.y * TILE;
  float next_a[LOADS], next_b[LOADS];
  const auto load = [&](int k0) {
#pragma unroll
    for (int j = 0; j < LOADS; ++j) {
      const int i = thread + j * THREADS;
      next_a[j] = input_at(x, first_row + i / SLAB, k0 + i % SLAB);
      const int k = k0 + i / TILE;
      const int co = first_column + i % TILE;
      next_b[j] = k < K && co < CO ? filter[k * CO + co] : 0.0f;
    }
  };
  load(0);
  float sums[4][4] = {};
  for (int k0 = 0; k0 < K; k0 += SLAB) {
#pragma unroll
    for (int j = 0; j < LOADS; ++j) {
      const int i = thread + j * THREADS;
      a[i % SLAB][i / SLAB] = next_a[j];
      b[i / TILE][i % TILE] = next_b[j];
    }
    __syncthreads();
    if (k0 + SLAB < K) load(k0 + SLAB);
#pragma unroll
    for (int k = 0; k < SLAB; ++k)
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          sums[i][j] = fmaf(a[k][row + i], b[k][column + j], sums[i][j]);
    __syncthreads();
  }
  float added[4];
#pragma unroll
  for (int j = 0; j < 4; ++j)
    added[j] = HAS_BIAS && first_column + column + j < CO ? bias[first_column + column + j] : 0.0f;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int at = first_row + row + i;
      const int co = first_column + column + j;
      if (at >= M || co >= CO) continue;
      store(out + at * CO + co, activate<ACTIVATION>(sums[i][j] + added[j]), OUT_SCALE, OUT_ZERO);
    }
}
