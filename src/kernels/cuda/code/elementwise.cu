// Functions of one number and of two, and changes of type, a thread for each result.
#include "common.cuh"

#if IS_UNARY
// As the host's library has them, which is nearly correctly rounded: by way of double.
__device__ __forceinline__ float exp_of(float x) { return (float)exp((double)x); }
__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + exp_of(-x)); }

extern "C" __global__ void __launch_bounds__(256) unary(const float* from, float* to) {
  begin();
  const int64 i = thread_index();
  if (i >= COUNT) return;
  const float x = from[i];
  to[i] = FUNCTION;
}
#endif

#if IS_CAST
extern "C" __global__ void __launch_bounds__(256) cast(const X* from, R* to) {
  begin();
  const int64 i = thread_index();
  if (i >= COUNT) return;
#if DEQUANTIZES
  store(to + i, SCALE * (float)((int)from[i] - ZERO), 1.0f, 0);
#else
  store(to + i, to_float(from[i]), SCALE, ZERO);
#endif
}
#endif

#if IS_BINARY
// OFFSET_A and OFFSET_B: where element i of the result has its operands.
extern "C" __global__ void __launch_bounds__(256)
    binary(const float* first, const float* second, float* to) {
  begin();
  const int64 i = thread_index();
  if (i >= COUNT) return;
  const float a = first[OFFSET_A];
  const float b = second[OFFSET_B];
  to[i] = activate<ACTIVATION>(FUNCTION);
}
#endif
