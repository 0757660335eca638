// Numbers of all types, for code that NVRTC compiles from 10.2 on: no headers but these.
#pragma once

typedef unsigned char uint8;
typedef signed char int8;
typedef unsigned short uint16;
typedef unsigned int uint32;
typedef long long int64;
typedef unsigned long long uint64;

struct Half {
  uint16 bits;
};
struct BFloat16 {
  uint16 bits;
};
struct alignas(8) Vector2 {
  uint32 x, y;
};
struct alignas(16) Vector4 {
  uint32 x, y, z, w;
};

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(uint8 x) { return (float)x; }
__device__ __forceinline__ float to_float(int8 x) { return (float)x; }
__device__ __forceinline__ float to_float(int x) { return (float)x; }
__device__ __forceinline__ float to_float(Half x) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x.bits));
  return f;
}
__device__ __forceinline__ float to_float(BFloat16 x) {
  return __int_as_float((int)((uint32)x.bits << 16));
}

__device__ __forceinline__ uint16 half_bits(float x) {
  uint16 h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x));
  return h;
}
__device__ __forceinline__ uint16 bfloat16_bits(float x) {
  const uint32 bits = (uint32)__float_as_int(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
  return (uint16)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// Real values as results of a layer: rounded, for uint8 by a scale and a zero.
__device__ __forceinline__ void store(float* to, float x, float, int) { *to = x; }
__device__ __forceinline__ void store(Half* to, float x, float, int) { to->bits = half_bits(x); }
__device__ __forceinline__ void store(BFloat16* to, float x, float, int) {
  to->bits = bfloat16_bits(x);
}
__device__ __forceinline__ void store(uint8* to, float x, float scale, int zero) {
  const float level = rintf(x / scale) + (float)zero;
  *to = level >= 255.0f ? 255 : level > 0.0f ? (uint8)level : 0;  // NaN too is 0
}

// Results that lie together, at once where they lie as such vectors must: a tensor that is part of a
// larger one may begin anywhere.
template <class Vector, class Element>
__device__ __forceinline__ void store_vector(Element* to, const Vector& vector) {
  if ((uint64)to % sizeof(Vector) == 0) {
    *(Vector*)to = vector;
    return;
  }
  const int count = sizeof(Vector) / sizeof(Element);
#pragma unroll
  for (int i = 0; i < count; ++i) to[i] = ((const Element*)&vector)[i];
}

// 0: as it is, 1: ReLU, 2: ReLU6. NaN stays.
template <int KIND>
__device__ __forceinline__ float activate(float x) {
  if (KIND == 0) return x;
  if (x < 0.0f) return 0.0f;
  return KIND == 2 && x > 6.0f ? 6.0f : x;
}

// From here on the next kernel of the graph may be put on the chip.
__device__ __forceinline__ void let_next_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}
// Until what the kernels before it wrote is there. Nothing but weights is read, and nothing written
// before.
__device__ __forceinline__ void wait_for_inputs() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
// What kernels do first that have nothing to do in between.
__device__ __forceinline__ void begin() {
  let_next_start();
  wait_for_inputs();
}

__device__ __forceinline__ int64 thread_index() {
  return (int64)blockIdx.x * blockDim.x + threadIdx.x;
}
