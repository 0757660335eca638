// Convolutions without groups as matrix products in float32: pixels by output channels, a tile of
// 64 x 64 a block, 4 x 4 a thread. The K dimension is window positions by input channels.
//
// X, R: types of the input and the result; the filter is float32 [KH * KW * CI][CO].
#include "common.cuh"

#define M (N * OH * OW)
#define K (KH * KW * CI)
#define SLAB 16

extern "C" __global__ void __launch_bounds__(256)
    tile_product(const X* x, const float* filter, const float* bias, R* out) {
  begin();
  __shared__ float a[SLAB][68];
  __shared__ float b[SLAB][68];
  const int thread = threadIdx.x;
  const int row = thread / 16 * 4;
  const int column = thread % 16 * 4;
  const int first_row = blockIdx.x * 64;
  const int first_column = blockIdx.y * 64;
  // What the thread loads: 4 of K of one pixel, and 4 columns of one of K.
  const int pixel = first_row + thread / 4;
  const int ox = pixel % OW;
  const int oy = pixel / OW % OH;
  const int n = pixel / OW / OH;
  float sums[4][4] = {};
  for (int k0 = 0; k0 < K; k0 += SLAB) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int k = k0 + thread % 4 * 4 + j;
      const int c = k % CI;
      const int tap = k / CI;
      const int y = oy * STRIDE_Y - PAD_Y + tap / KW * DILATION_Y;
      const int col = ox * STRIDE_X - PAD_X + tap % KW * DILATION_X;
      const bool inside = pixel < M && k < K && y >= 0 && y < H && col >= 0 && col < IW;
      a[thread % 4 * 4 + j][thread / 4] =
          inside ? to_float(x[(((int64)n * H + y) * IW + col) * CI + c]) : 0.0f;
      const int kb = k0 + thread / 16;
      const int co = first_column + thread % 16 * 4 + j;
      b[thread / 16][thread % 16 * 4 + j] =
          kb < K && co < CO ? filter[(int64)kb * CO + co] : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < SLAB; ++k) {
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          sums[i][j] = fmaf(a[k][row + i], b[k][column + j], sums[i][j]);
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const int at = first_row + row + i;
      const int co = first_column + column + j;
      if (at >= M || co >= CO) continue;
      const float real = HAS_BIAS ? sums[i][j] + bias[co] : sums[i][j];
      store(out + (int64)at * CO + co, activate<ACTIVATION>(real), OUT_SCALE, OUT_ZERO);
    }
  }
}
