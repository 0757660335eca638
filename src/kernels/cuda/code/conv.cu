// Convolutions of any form and type, a thread for each result: the definition, written down.
//
// X, W, R: types of the input, the filter and the result. N, H, IW, CI -> N, OH, OW, CO with a
// window of KH x KW; GROUP_IN channels of the input make GROUP_OUT of the output.
#include "common.cuh"

#if SUMS_INTEGERS
typedef int Sum;
__device__ __forceinline__ Sum product_sum(X x, W w, Sum sum) {
  return sum + ((int)x - IN_ZERO) * (int)w;
}
#else
typedef float Sum;
__device__ __forceinline__ Sum product_sum(X x, W w, Sum sum) {
  return fmaf(to_float(x), to_float(w), sum);
}
#endif

// factors: what a level of the sum is worth, by output channel; for integers alone.
extern "C" __global__ void __launch_bounds__(256)
    convolve(const X* x, const W* filter, const float* factors, const float* bias, R* out) {
  begin();
  const int64 i = thread_index();
  if (i >= (int64)N * OH * OW * CO) return;
  const int co = (int)(i % CO);
  const int64 pixel = i / CO;
  const int ox = (int)(pixel % OW);
  const int oy = (int)(pixel / OW % OH);
  const int n = (int)(pixel / OW / OH);
  const int first = co / GROUP_OUT * GROUP_IN;
  Sum sum = 0;
  for (int ky = 0; ky < KH; ++ky) {
    const int y = oy * STRIDE_Y - PAD_Y + ky * DILATION_Y;
    if (y < 0 || y >= H) continue;
    for (int kx = 0; kx < KW; ++kx) {
      const int column = ox * STRIDE_X - PAD_X + kx * DILATION_X;
      if (column < 0 || column >= IW) continue;
      const X* from = x + (((int64)n * H + y) * IW + column) * CI + first;
      const W* w = filter + (int64)(ky * KW + kx) * GROUP_IN * CO + co;
      for (int c = 0; c < GROUP_IN; ++c) sum = product_sum(from[c], w[(int64)c * CO], sum);
    }
  }
  float real = (float)sum;
  if (SUMS_INTEGERS) real *= factors[co];
  if (HAS_BIAS) real += bias[co];
  store(out + i, activate<ACTIVATION>(real), OUT_SCALE, OUT_ZERO);
}
