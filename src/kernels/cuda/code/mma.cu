// Convolutions of 16-bit floats without groups on tensor cores (mma.sync m16n8k16, sm_80 and
// later), as matrix products: pixels by output channels, summed in float32.
//
// A block's WARPS_M x WARPS_K warps make WARPS_M * TILES_M * 16 pixels by TILES_N * 8 channels;
// WARPS_K of them share the sum of one tile, each taking every WARPS_K-th slab of K, and add up by
// shared memory. A slab is 32 input channels of one window position. No operand goes by shared
// memory: the order of channels within a slab is free, so that a lane's share of 4 fragments is 16
// bytes that lie together, in the activations as they are and in the filter as it was packed:
// lane l has row l / 4 and channels 8 * (l % 4) to 8 * (l % 4) + 7. Pairs 0 and 1 of these are the
// first product's, 2 and 3 the second's.
//
// X is Half or BFloat16; R the result's type. The filter is
// [slab][column / 8][lane][8 channels of column l / 4].
#include "common.cuh"

#define M (N * OH * OW)
#define COLUMNS ((CO + 7) / 8)
#define SLABS_A_TAP ((CI + 31) / 32)
#define SLABS (KH * KW * SLABS_A_TAP)

__device__ __forceinline__ void multiply_add(float (&sum)[4], uint32 a0, uint32 a1, uint32 a2,
                                             uint32 a3, uint32 b0, uint32 b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32." MMA_TYPE "." MMA_TYPE
      ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Where a row of the product lies in the input, before a window position is added.
struct Row {
  int y, x, image;
};

__device__ __forceinline__ Row row_of(int pixel) {
  if (pixel >= M) return {-(1 << 20), 0, 0};
  return {pixel / OW % OH * STRIDE_Y - PAD_Y, pixel % OW * STRIDE_X - PAD_X,
          pixel / OW / OH * (H * IW * CI)};
}

__device__ __forceinline__ Vector4 load_row(const X* input, const Row& row, int tap, int c) {
  const int y = row.y + tap / KW * DILATION_Y;
  const int x = row.x + tap % KW * DILATION_X;
  Vector4 loaded = {0, 0, 0, 0};
  if (y >= 0 && y < H && x >= 0 && x < IW && c < CI)
    loaded = *(const Vector4*)(input + row.image + (y * IW + x) * CI + c);
  return loaded;
}

__device__ __forceinline__ void load_filter(Vector4 (&b)[GROUP][TILES_N], const X* filter,
                                            int first, int first_column, int lane) {
#pragma unroll
  for (int g = 0; g < GROUP; ++g)
#pragma unroll
    for (int n = 0; n < TILES_N; ++n) {
      const int slab = first + g * WARPS_K;
      const int column = first_column + n;
      b[g][n] = {0, 0, 0, 0};
      if (slab < SLABS && column < COLUMNS)
        b[g][n] = *(const Vector4*)(filter + ((int64)slab * COLUMNS + column) * 256 + lane * 8);
    }
}

// Two neighbours of a row.
struct alignas(2 * sizeof(R)) Pair {
  R first, second;
};

__device__ __forceinline__ void put(R* out, int pixel, int co, float first, float second) {
  Pair pair;
  store(&pair.first, activate<ACTIVATION>(first), OUT_SCALE, OUT_ZERO);
  store(&pair.second, activate<ACTIVATION>(second), OUT_SCALE, OUT_ZERO);
  R* to = out + pixel * CO + co;
  if (pixel >= M || co >= CO) return;
  if (CO % 2 == 0) {
    store_vector(to, pair);
  } else {
    to[0] = pair.first;
    if (co + 1 < CO) to[1] = pair.second;
  }
}

extern "C" __global__ void __launch_bounds__(WARPS_M * WARPS_K * 32)
    mma_product(const X* x, const X* filter, const float* bias, R* out) {
  let_next_start();
  const int lane = threadIdx.x % 32;
  const int warp_m = threadIdx.x / 32 % WARPS_M;
  const int warp_k = threadIdx.x / 32 / WARPS_M;
  const int first_row = (blockIdx.x * WARPS_M + warp_m) * TILES_M * 16;
  const int first_column = blockIdx.y * TILES_N;  // of 8
  Row rows[TILES_M][2];
#pragma unroll
  for (int m = 0; m < TILES_M; ++m) {
    rows[m][0] = row_of(first_row + m * 16 + lane / 4);
    rows[m][1] = row_of(first_row + m * 16 + lane / 4 + 8);
  }
  float sums[TILES_M][TILES_N][4] = {};
  // GROUP slabs at a time, so that many loads are on their way at once; the first weights before
  // the activations are there.
  Vector4 b[GROUP][TILES_N];
  load_filter(b, filter, warp_k, first_column, lane);
  // Of the sums' two columns each, added at the end.
  float added[TILES_N][2];
#pragma unroll
  for (int n = 0; n < TILES_N; ++n)
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      const int co = (first_column + n) * 8 + lane % 4 * 2 + j;
      added[n][j] = HAS_BIAS && co < CO ? bias[co] : 0.0f;
    }
  wait_for_inputs();
  for (int first = warp_k; first < SLABS; first += GROUP * WARPS_K) {
    Vector4 a[GROUP][TILES_M][2];
#pragma unroll
    for (int g = 0; g < GROUP; ++g) {
      const int slab = first + g * WARPS_K;
      const int c = slab < SLABS ? slab % SLABS_A_TAP * 32 + lane % 4 * 8 : CI;
#pragma unroll
      for (int m = 0; m < TILES_M; ++m) {
        a[g][m][0] = load_row(x, rows[m][0], slab / SLABS_A_TAP, c);
        a[g][m][1] = load_row(x, rows[m][1], slab / SLABS_A_TAP, c);
      }
    }
    if (first != warp_k) load_filter(b, filter, first, first_column, lane);
#pragma unroll
    for (int g = 0; g < GROUP; ++g)
#pragma unroll
      for (int m = 0; m < TILES_M; ++m)
#pragma unroll
        for (int n = 0; n < TILES_N; ++n) {
          const Vector4 top = a[g][m][0], bottom = a[g][m][1];
          multiply_add(sums[m][n], top.x, bottom.x, top.y, bottom.y, b[g][n].x, b[g][n].y);
          multiply_add(sums[m][n], top.z, bottom.z, top.w, bottom.w, b[g][n].z, b[g][n].w);
        }
  }
#if WARPS_K > 1
  __shared__ float others[WARPS_K - 1][WARPS_M][TILES_M * TILES_N * 4][32];
  if (warp_k > 0) {
#pragma unroll
    for (int m = 0; m < TILES_M; ++m)
#pragma unroll
      for (int n = 0; n < TILES_N; ++n)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          others[warp_k - 1][warp_m][(m * TILES_N + n) * 4 + j][lane] = sums[m][n][j];
  }
  __syncthreads();
  if (warp_k > 0) return;
#pragma unroll
  for (int k = 0; k < WARPS_K - 1; ++k)
#pragma unroll
    for (int m = 0; m < TILES_M; ++m)
#pragma unroll
      for (int n = 0; n < TILES_N; ++n)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          sums[m][n][j] += others[k][warp_m][(m * TILES_N + n) * 4 + j][lane];
#endif
#pragma unroll
  for (int m = 0; m < TILES_M; ++m)
#pragma unroll
    for (int n = 0; n < TILES_N; ++n) {
      const int pixel = first_row + m * 16 + lane / 4;
      const int co = (first_column + n) * 8 + lane % 4 * 2;
      const float(&sum)[4] = sums[m][n];
      put(out, pixel, co, sum[0] + added[n][0], sum[1] + added[n][1]);
      put(out, pixel + 8, co, sum[2] + added[n][0], sum[3] + added[n][1]);
    }
}
