// Depthwise convolutions of 16-bit or 32-bit floats: a thread takes LANES channels, which it loads
// and stores at once, of one pixel. Other forms are convolutions in groups (conv.cu).
//
// X, R: types of the input and the result; the filter is float32 [KH][KW][C].
#include "common.cuh"

struct alignas(LANES * sizeof(X)) Inputs {
  X lane[LANES];
};
struct alignas(LANES * sizeof(R)) Results {
  R lane[LANES];
};
struct alignas(16) Floats {
  float lane[4];
};

extern "C" __global__ void __launch_bounds__(128)
    depthwise(const X* x, const float* filter, const float* bias, R* out) {
  let_next_start();
  const int i = (int)thread_index();
  const int vectors = C / LANES;
  if (i >= N * OH * OW * vectors) return;
  const int c = i % vectors * LANES;
  const int pixel = i / vectors;
  const int ox = pixel % OW;
  const int oy = pixel / OW % OH;
  const int n = pixel / OW / OH;
  float sums[LANES];
  Floats w[KH * KW][LANES / 4];
#pragma unroll
  for (int l = 0; l < LANES; ++l) sums[l] = HAS_BIAS ? bias[c + l] : 0.0f;
#pragma unroll
  for (int tap = 0; tap < KH * KW; ++tap)
#pragma unroll
    for (int l = 0; l < LANES / 4; ++l) w[tap][l] = *(const Floats*)(filter + tap * C + c + l * 4);
  wait_for_inputs();
  // All loads are on their way before the first product.
  Inputs in[KH * KW];
#pragma unroll
  for (int tap = 0; tap < KH * KW; ++tap) {
    const int y = oy * STRIDE_Y - PAD_Y + tap / KW * DILATION_Y;
    const int column = ox * STRIDE_X - PAD_X + tap % KW * DILATION_X;
    in[tap] = Inputs();
    if (y >= 0 && y < H && column >= 0 && column < IW)
      in[tap] = *(const Inputs*)(x + ((n * H + y) * IW + column) * C + c);
  }
#pragma unroll
  for (int tap = 0; tap < KH * KW; ++tap)
#pragma unroll
    for (int l = 0; l < LANES; ++l)
      sums[l] = fmaf(to_float(in[tap].lane[l]), w[tap][l / 4].lane[l % 4], sums[l]);
  Results results;
#pragma unroll
  for (int l = 0; l < LANES; ++l)
    store(&results.lane[l], activate<ACTIVATION>(sums[l]), 1.0f, 0);
  store_vector(out + pixel * C + c, results);
}
