// Bilinear resizing, and what a detector does with the pixels after it: * SCALE + OFFSET.
//
// X: the input's type. N, H, IW, C -> float32 N, OH, OW, C.
#include "resize.cuh"

extern "C" __global__ void __launch_bounds__(256) resize(const X* x, float* out) {
  begin();
  const int64 i = thread_index();
  if (i >= (int64)N * OH * OW * C) return;
  const Tap column = tap_of((int)(i / C % OW), SCALE_X, IW);
  const Tap row = tap_of((int)(i / C / OW % OH), SCALE_Y, H);
  out[i] = resized(x + i / C / OW / OH * H * IW * C + i % C, row, column, IW, C);
}
