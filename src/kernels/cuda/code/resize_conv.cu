// A detector's first layer from the pixels on: convolution of the bilinear resize * SCALE + OFFSET
// (resize.cu), which is made piece by piece in shared memory and written nowhere.
//
// A block makes TILE_Y x TILE_X pixels, a thread each, CHANNELS of their results at a time.
// X, R: types of the picture and the result; filter float32 [KH][KW][C][CO].
#include "resize.cuh"

#define PATCH_Y ((TILE_Y - 1) * STRIDE_Y + (KH - 1) * DILATION_Y + 1)
#define PATCH_X ((TILE_X - 1) * STRIDE_X + (KW - 1) * DILATION_X + 1)

struct alignas(16) Floats {
  float lane[4];
};
struct alignas(8 * sizeof(R)) Eight {
  R lane[8];
};

extern "C" __global__ void __launch_bounds__(TILE_Y * TILE_X)
    resize_convolve(const X* x, const float* filter, const float* bias, R* out) {
  __shared__ float patch[PATCH_Y * PATCH_X * C];
  __shared__ Floats weights[KH * KW * C][CHANNELS / 4];
  let_next_start();
  const int first_y = blockIdx.y * TILE_Y * STRIDE_Y - PAD_Y;
  const int first_x = blockIdx.x * TILE_X * STRIDE_X - PAD_X;
  const int first_co = blockIdx.z % PARTS * CHANNELS;
  const int n = blockIdx.z / PARTS;
  for (int i = threadIdx.x; i < KH * KW * C * CHANNELS; i += TILE_Y * TILE_X) {
    const int co = first_co + i % CHANNELS;
    weights[i / CHANNELS][i % CHANNELS / 4].lane[i % 4] =
        co < CO ? filter[i / CHANNELS * CO + co] : 0.0f;
  }
  float sums[CHANNELS];
#pragma unroll
  for (int l = 0; l < CHANNELS; ++l) sums[l] = first_co + l < CO ? bias[first_co + l] : 0.0f;
  wait_for_inputs();
#pragma unroll 4
  for (int i = threadIdx.x; i < PATCH_Y * PATCH_X; i += TILE_Y * TILE_X) {
    const int row = first_y + i / PATCH_X;
    const int column = first_x + i % PATCH_X;
    const bool inside = row >= 0 && row < H && column >= 0 && column < IW;
    const Tap y = tap_of(inside ? row : 0, SCALE_Y, IN_H);
    const Tap z = tap_of(inside ? column : 0, SCALE_X, IN_W);
#pragma unroll
    for (int c = 0; c < C; ++c) {
      const float value = resized(x + (int64)n * IN_H * IN_W * C + c, y, z, IN_W, C);
      patch[i * C + c] = inside ? value : 0.0f;
    }
  }
  __syncthreads();
  const int ty = threadIdx.x / TILE_X;
  const int tx = threadIdx.x % TILE_X;
#pragma unroll
  for (int ky = 0; ky < KH; ++ky)
#pragma unroll
    for (int kx = 0; kx < KW; ++kx)
#pragma unroll
      for (int c = 0; c < C; ++c) {
        const float value = patch[((ty * STRIDE_Y + ky * DILATION_Y) * PATCH_X + tx * STRIDE_X +
                                   kx * DILATION_X) * C + c];
#pragma unroll
        for (int l = 0; l < CHANNELS / 4; ++l) {
          const Floats w = weights[(ky * KW + kx) * C + c][l];
#pragma unroll
          for (int j = 0; j < 4; ++j)
            sums[l * 4 + j] = fmaf(value, w.lane[j], sums[l * 4 + j]);
        }
      }
  const int oy = blockIdx.y * TILE_Y + ty;
  const int ox = blockIdx.x * TILE_X + tx;
  if (oy >= OH || ox >= OW) return;
  R* to = out + (((int64)n * OH + oy) * OW + ox) * CO + first_co;
#if CO % 8 == 0 && HAS_PAIRS
  // 16-bit results, 8 at a time.
#pragma unroll
  for (int l = 0; l < CHANNELS / 8; ++l) {
    Eight results;
#pragma unroll
    for (int j = 0; j < 8; ++j)
      store(&results.lane[j], activate<ACTIVATION>(sums[l * 8 + j]), OUT_SCALE, OUT_ZERO);
    if (first_co + l * 8 < CO) store_vector(to + l * 8, results);
  }
#else
#pragma unroll
  for (int l = 0; l < CHANNELS; ++l)
    if (first_co + l < CO)
      store(to + l, activate<ACTIVATION>(sums[l]), OUT_SCALE, OUT_ZERO);
#endif
}
